import Core

/// The names of objects: storage paths below `storage.s3.rootdirectory`, as in docker/distribution. For a file that is
/// being written, the driver has further objects beside it, under names that no storage path can have.
struct S3Keys: Sendable {
  /// Without slashes at either end; may be empty.
  private let root: String

  init(rootDirectory: String) {
    root = rootDirectory.trimmingSlashes
  }

  /// The key of a file.
  func key(_ path: StoragePath) -> String {
    let below = path.string.dropFirst()
    if below.isEmpty { return root }
    return root.isEmpty ? String(below) : "\(root)/\(below)"
  }

  /// The common prefix of all keys below a directory.
  func prefix(_ directory: StoragePath) -> String {
    let key = key(directory)
    return key.isEmpty ? "" : key + "/"
  }

  /// Begins the names of the driver's own objects. It sorts before all names of paths.
  static let ownMark = "!"

  /// The list of pieces of a file that is being written (``S3UnfinishedFile``).
  func file(_ path: StoragePath) -> String { prefix(path) + Self.ownFile }

  /// The lease of the file's writer (``S3Lease``).
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
