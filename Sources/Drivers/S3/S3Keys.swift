import Core

/// The names of objects: a storage path below `storage.s3.rootdirectory`, as docker/distribution has it, and beside a
/// file that is being written what the driver keeps of it, under names that no storage path has.
struct S3Keys: Sendable {
  /// Without slashes at either end; may be empty.
  private let root: String

  init(rootDirectory: String) {
    root = rootDirectory.trimmingSlashes
  }

  /// The object that a file is.
  func key(_ path: StoragePath) -> String {
    let below = path.string.dropFirst()
    if below.isEmpty { return root }
    return root.isEmpty ? String(below) : "\(root)/\(below)"
  }

  /// What the keys of everything below a directory begin with.
  func prefix(_ directory: StoragePath) -> String {
    let key = key(directory)
    return key.isEmpty ? "" : key + "/"
  }

  /// Below it lies what the driver keeps of a file that is being written. It comes before all names of paths.
  static let ownMark = "!"

  /// What a file that is being written consists of.
  func file(_ path: StoragePath) -> String { prefix(path) + Self.ownFile }

  /// Whoever writes to a file has made it.
  func lease(_ path: StoragePath) -> String { prefix(path) + Self.ownLease }

  /// One piece of a file that is being written.
  func piece(_ path: StoragePath, _ writer: String, _ number: Int) -> String {
    "\(prefix(path))\(Self.ownMark)piece/\(writer)/\(number)"
  }

  /// Pieces that were put together from others.
  func group(_ path: StoragePath, _ writer: String, _ number: Int) -> String {
    "\(prefix(path))\(Self.ownMark)group/\(writer)/\(number)"
  }

  /// Name below the file's own prefix.
  static let ownFile = ownMark + "file"
  /// Name below the file's own prefix.
  static let ownLease = ownMark + "lease"
}

extension String {
  fileprivate var trimmingSlashes: String {
    var text = self[...]
    while text.hasPrefix("/") { text.removeFirst() }
    while text.hasSuffix("/") { text.removeLast() }
    return String(text)
  }
}
