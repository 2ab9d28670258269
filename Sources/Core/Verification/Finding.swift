/// Something in the storage that isn't as it should be.
public struct Finding: Sendable, Equatable {
  /// What it is.
  public var kind: Kind
  /// Where it is.
  public var path: StoragePath
  /// Details of the fault; may be empty.
  public var detail: String
  /// What a repair does, or what the operator has to do.
  public var remedy: String
  /// Whether it was repaired.
  public var state: State

  /// Whether a finding was, or can be, repaired.
  public enum State: String, Sendable {
    /// A repair (`--repair`) would correct it.
    case repairable
    /// It was corrected.
    case repaired
    /// The operator has to correct it.
    case left
  }

  /// The kinds, by the names that reports carry.
  public enum Kind: String, Sendable, CaseIterable {
    case unreadable
    case unexpected
    case emptyDirectory = "empty-directory"
    case condemned
    case leftover
    case contentCorrupt = "content-corrupt"
    case contentEmpty = "content-empty"
    case linkTorn = "link-torn"
    case linkMismatch = "link-mismatch"
    case layerDangling = "layer-dangling"
    case manifestDangling = "manifest-dangling"
    case manifestUnreadable = "manifest-unreadable"
    case manifestAmongLayers = "manifest-among-layers"
    case referenceMissing = "reference-missing"
    case referenceSize = "reference-size"
    case tagTorn = "tag-torn"
    case tagDangling = "tag-dangling"
    case tagIndexMissing = "tag-index-missing"
    case referrerMissing = "referrer-missing"
    case referrerTorn = "referrer-torn"
    case referrerStale = "referrer-stale"
    case uploadOrphaned = "upload-orphaned"

    /// What it means, for the operator.
    public var meaning: String {
      switch self {
      case .unreadable: "the storage can't read it"
      case .unexpected: "Berth does not know this file or directory"
      case .emptyDirectory: "nothing is in this directory"
      case .condemned: "a garbage collection that died was about to remove it"
      case .leftover: "a process that died has left it"
      case .contentCorrupt: "the content is not what its digest says: clients refuse it"
      case .contentEmpty: "the content is empty, and counts as absent"
      case .linkTorn: "the link is empty or torn, and counts as absent"
      case .linkMismatch: "the link names another content than its place says"
      case .layerDangling: "the link's content is gone"
      case .manifestDangling: "the manifest's content is gone: it can't be pulled"
      case .manifestUnreadable: "this is no manifest that can be read"
      case .manifestAmongLayers: "docker/distribution 2.1.0 linked this manifest among the layers"
      case .referenceMissing: "the manifest names what the repository does not have: it can't be pulled whole"
      case .referenceSize: "the manifest gives another size than the content has"
      case .tagTorn: "the tag's link is missing, empty or torn: the tag counts as absent"
      case .tagDangling: "the tag points to a manifest that is gone"
      case .tagIndexMissing: "the tag's history lacks what it points to"
      case .referrerMissing: "a manifest is missing in the list of its subject's referrers"
      case .referrerTorn: "the entry in the list of referrers is not what the manifest says"
      case .referrerStale: "the list of referrers names a manifest that is gone, or is about something else"
      case .uploadOrphaned: "remains of an upload that no client can continue"
      }
    }
  }

  /// One line of text.
  public var text: String {
    "\(state.rawValue): \(kind.rawValue): \(path): \(kind.meaning)\(detail.isEmpty ? "" : " (\(detail))"); \(remedy)"
  }

  /// One JSON object.
  public var json: [UInt8] {
    var json = JSONWriter()
    json.object { json in
      json.string("kind", kind.rawValue)
      json.string("path", path.string)
      json.string("meaning", kind.meaning)
      json.string("detail", detail)
      json.string("remedy", remedy)
      json.string("state", state.rawValue)
    }
    return json.bytes
  }
}
