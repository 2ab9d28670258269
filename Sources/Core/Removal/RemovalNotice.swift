/// An object that names paths which may be removed now.
struct RemovalNotice: Sendable {
  /// A name that no other notice ever has.
  let name: String
  /// nil where it can't be read: then it may name anything.
  private let paths: Set<StoragePath>?

  /// Paths that one may name.
  static let capacity = 1000

  /// From an object's content.
  init(_ name: String, _ content: [UInt8]) {
    self.name = name
    var lines = String(decoding: content, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.first.map(String.init) == RemovalNotice.head, lines.last?.isEmpty == true else {
      paths = nil
      return
    }
    lines = Array(lines.dropFirst().dropLast())
    let paths = Set(lines.compactMap { StoragePath(String($0)) })
    self.paths = paths.count == Set(lines).count ? paths : nil
  }

  /// Whether `path` may be removed.
  func covers(_ path: StoragePath) -> Bool { paths?.contains(path) ?? true }

  /// Where it lies.
  var path: StoragePath { StorageLayout.removalNotices / name }

  static func content(_ paths: [StoragePath]) -> [UInt8] {
    Array((head + "\n" + paths.map { $0.string + "\n" }.joined()).utf8)
  }

  /// The form that this version writes.
  private static let head = "removals 1"

  /// More bytes than one has.
  static let limit = 16 << 20
}
