/// An absolute path below a driver's root: `/`, or one or more components of `[A-Za-z0-9._-]+`.
///
/// The grammar is docker/distribution's; `.` and `..` are refused beyond it, so a path that exists
/// as a value can never leave the root.
public struct StoragePath: Hashable, Sendable, CustomStringConvertible {
  /// The path as text, beginning with `/` and without a trailing one (the root itself apart).
  public let string: String

  /// The driver's root.
  public static let root = StoragePath(unchecked: "/")

  /// Checks `string` against the grammar; nil where it does not match.
  public init?(_ string: String) {
    if string == "/" {
      self = .root
      return
    }
    guard string.utf8.first == UInt8(ascii: "/"), string.utf8.count <= 4096 else { return nil }
    for component in string.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
      guard StoragePath.isComponent(component) else { return nil }
    }
    self.string = string
  }

  /// For paths that StorageLayout builds from values whose own types hold the grammar.
  init(unchecked string: String) {
    self.string = string
  }

  /// Whether `name` may be one component of a path.
  @inlinable
  public static func isComponent(_ name: some Collection<UInt8>) -> Bool {
    guard !name.isEmpty, name.count <= 255 else { return false }
    var onlyDots = true
    for byte in name {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
        onlyDots = false
      case UInt8(ascii: "."):
        break
      default:
        return false
      }
    }
    return !onlyDots || name.count > 2
  }

  /// The path of `name` below this one; nil where `name` is not one component.
  public func appending(_ name: String) -> StoragePath? {
    guard StoragePath.isComponent(name.utf8) else { return nil }
    return self / name
  }

  /// The path of a component whose grammar its own type has checked.
  static func / (path: StoragePath, component: String) -> StoragePath {
    StoragePath(unchecked: path.string == "/" ? "/" + component : path.string + "/" + component)
  }

  /// The path above this one; the root is its own parent.
  public var parent: StoragePath {
    guard let slash = string.utf8.lastIndex(of: UInt8(ascii: "/")), slash != string.startIndex else {
      return .root
    }
    return StoragePath(unchecked: String(string[..<slash]))
  }

  /// Whether the path leads through `top` and on.
  public func isBelow(_ top: StoragePath) -> Bool {
    guard top != .root else { return self != .root }
    return string.utf8.count > top.string.utf8.count && string.utf8.starts(with: top.string.utf8)
      && string.utf8.dropFirst(top.string.utf8.count).first == UInt8(ascii: "/")
  }

  /// The last component; empty for the root.
  public var lastComponent: Substring {
    guard let slash = string.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "" }
    return string[string.utf8.index(after: slash)...]
  }

  /// The path as text.
  public var description: String { string }
}
