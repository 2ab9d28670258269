import Glibc

/// An address of the Internet Protocol. One of version 4 that is written as one of version 6 (`::ffff:192.0.2.1`) is
/// one of version 4.
public enum IPAddress: Equatable, Sendable {
  /// Version 4.
  case v4(UInt32)
  /// Version 6.
  case v6(UInt128)

  /// The longest text: six groups and an address of version 4.
  private static let longestText = 45

  /// From `192.0.2.1` or `2001:db8::1`; nil for anything else.
  public init?(_ text: some StringProtocol) {
    // A zero would end the text early.
    guard text.utf8.count <= Self.longestText, !text.utf8.contains(0) else { return nil }
    let text = String(text)
    var v4 = in_addr()
    if inet_pton(AF_INET, text, &v4) == 1 {
      self = .v4(UInt32(bigEndian: v4.s_addr))
      return
    }
    var v6 = in6_addr()
    guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
    let bits = withUnsafeBytes(of: &v6) { $0.reduce(UInt128(0)) { $0 << 8 | UInt128($1) } }
    self = bits >> 32 == 0xFFFF ? .v4(UInt32(truncatingIfNeeded: bits)) : .v6(bits)
  }
}
