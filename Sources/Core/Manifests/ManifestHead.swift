/// The type of a stored manifest, which is needed to serve it. Its text is read only as far as necessary.
struct ManifestHead: Equatable {
  /// Its shape.
  let kind: ManifestKind
  /// What `Content-Type` says.
  let mediaType: MediaType

  /// Of stored content; nil where it is no manifest.
  init?(of content: [UInt8]) {
    do {
      var reader = JSONReader(content)
      var found = Found()
      try reader.enterObject()
      while let key = try reader.nextMember() {
        if key == "mediaType" {
          guard !reader.takeNull() else { continue }
          let mediaType = MediaType(rawValue: try reader.string())
          guard !mediaType.rawValue.isEmpty else { continue }
          guard mediaType.isWellFormed else { return nil }
          // For a type that is not known by name, the shape does not matter to serving it.
          self.init(kind: ManifestKind(mediaType) ?? .image, mediaType: mediaType)
          return
        }
        try found.note(key, &reader)
      }
      guard let head = found.head else { return nil }
      self = head
    } catch {
      return nil
    }
  }

  private init(kind: ManifestKind, mediaType: MediaType) {
    self.kind = kind
    self.mediaType = mediaType
  }

  /// The fields that tell manifests without a `mediaType` apart.
  private struct Found {
    private var version: Int64?
    private var isIndex = false
    private var isImage = false
    /// Whether it has a list of children that is null.
    private var isEmptyIndex = false

    mutating func note(_ key: String, _ reader: inout JSONReader) throws(JSONError) {
      guard !reader.takeNull() else {
        if key == "manifests" { isEmptyIndex = true }
        return
      }
      switch key {
      case "schemaVersion":
        version = try reader.integer()
        return
      case "manifests": isIndex = true
      case "config", "layers": isImage = true
      default: break
      }
      try reader.skip()
    }

    var head: ManifestHead? {
      switch version {
      case 1: ManifestHead(kind: .schema1, mediaType: .dockerSchema1Signed)
      case 2 where isIndex: ManifestHead(kind: .index, mediaType: .ociIndex)
      case 2 where isImage: ManifestHead(kind: .image, mediaType: .ociManifest)
      case 2 where isEmptyIndex: ManifestHead(kind: .index, mediaType: .ociIndex)
      default: nil
      }
    }
  }
}
