/// Callbacks for the progress of a collection, and to stop it.
public struct CollectionObserver {
  /// Called for every item, so limit how often you show it.
  public var progressed: (CollectionProgress) -> Void
  /// Called before something is removed or, in a dry run, would be.
  public var removing: (CollectionItem) -> Void
  /// Whether the collection should stop. Called between items.
  public var isStopping: () -> Bool

  /// Without arguments: reports nothing and never stops.
  public init(
    progressed: @escaping (CollectionProgress) -> Void = { _ in },
    removing: @escaping (CollectionItem) -> Void = { _ in }, isStopping: @escaping () -> Bool = { false }
  ) {
    self.progressed = progressed
    self.removing = removing
    self.isStopping = isStopping
  }
}

/// How far a collection has come.
public struct CollectionProgress: Sendable {
  /// What is done one after the other.
  public enum Phase: Sendable {
    /// Finding out what is wanted.
    case marking
    /// Removing contents that nothing refers to.
    case blobs
    /// Removing links to contents that are gone.
    case links
  }

  /// What is being done.
  public var phase = Phase.marking
  /// Repositories that this phase has begun with.
  public var repositories = 0
  /// Things that this phase has looked at.
  public var items = 0
  /// Things that have been removed, or would be, since the beginning.
  public var removed = 0
  /// Bytes of contents among them.
  public var bytes: ByteTotal = 0
  /// The part of the phase that is over, from 0 to 1; nil where that isn't known.
  public var fraction: Double?

  /// One line.
  public var text: String {
    let percentage = fraction.map { " (\(Int(min($0, 1) * 100)) %)" } ?? ""
    let removal = removed == 0 ? "" : ", \(removed) removed (\(bytes))"
    switch phase {
    case .marking: return "marking: \(repositories) repositories, \(items) manifests" + removal
    case .blobs: return "blobs: \(items) looked at\(percentage)" + removal
    case .links: return "links: \(repositories) repositories\(percentage), \(items) looked at" + removal
    }
  }
}

/// Something that is removed.
public struct CollectionItem: Sendable, Equatable, CustomStringConvertible {
  /// The kinds.
  public enum Kind: String, Sendable {
    case manifest, blob, link
  }

  /// What it is.
  public var kind: Kind
  /// Its directory: of the content, or of the link in its repository.
  public var path: StoragePath
  /// The content's bytes; nil for a link.
  public var size: Int64?

  /// One line.
  public var description: String {
    "\(kind.rawValue) \(path)" + (size.map { " (\($0) bytes)" } ?? "")
  }
}
