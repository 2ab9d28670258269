/// A tag: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}` (distribution spec, section "Pulling manifests").
public struct Tag: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The tag.
  public let description: String

  /// Checks the grammar; nil where it does not match.
  public init?(_ text: some StringProtocol) {
    guard (1...128).contains(text.utf8.count), StoragePath.isComponent(text.utf8),
      let first = text.utf8.first, first != UInt8(ascii: "."), first != UInt8(ascii: "-")
    else { return nil }
    description = String(text)
  }

  /// Byte order, which is the order of the tag list.
  public static func < (left: Tag, right: Tag) -> Bool {
    left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
  }
}

/// What names a manifest in a request: a tag or a digest.
public enum Reference: Hashable, Sendable {
  /// A name that may move.
  case tag(Tag)
  /// A content address.
  case digest(Digest)
}
