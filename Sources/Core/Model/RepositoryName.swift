/// A repository's name: `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/…)*` of the distribution spec
/// (section "Pulling manifests"), at most 255 bytes as docker/distribution has it.
public struct RepositoryName: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The name.
  public let description: String

  /// The longest name, in bytes.
  public static let maximumLength = 255

  /// Checks the grammar; nil where it does not match.
  public init?(_ text: some StringProtocol) {
    guard text.utf8.count <= RepositoryName.maximumLength else { return nil }
    for component in text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
      guard RepositoryName.isComponent(component) else { return nil }
    }
    description = String(text)
  }

  /// Whether `bytes` may stand between two slashes of a name.
  static func isComponent(_ bytes: some Collection<UInt8>) -> Bool {
    var run = Run.start
    for byte in bytes {
      switch (byte, run) {
      case (UInt8(ascii: "a")...UInt8(ascii: "z"), _), (UInt8(ascii: "0")...UInt8(ascii: "9"), _):
        run = .alphanumeric
      case (UInt8(ascii: "."), .alphanumeric): run = .dot
      case (UInt8(ascii: "_"), .alphanumeric): run = .underscore
      case (UInt8(ascii: "_"), .underscore): run = .doubleUnderscore
      case (UInt8(ascii: "-"), .alphanumeric), (UInt8(ascii: "-"), .dashes): run = .dashes
      default: return false
      }
    }
    return run == .alphanumeric
  }

  /// What stands since the last letter or digit.
  private enum Run { case start, alphanumeric, dot, underscore, doubleUnderscore, dashes }

  /// Byte order, which is the order of the catalog.
  public static func < (left: RepositoryName, right: RepositoryName) -> Bool {
    left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
  }
}
