/// A content address: algorithm and lower-case hexadecimal (OCI image-spec, descriptor.md#digests).
public struct Digest: Hashable, Sendable, CustomStringConvertible {
  /// The algorithms that the registry computes.
  public enum Algorithm: String, Sendable, CaseIterable {
    /// 64 hexadecimal digits. Canonical: used unless a client requests another one.
    case sha256
    /// 128 hexadecimal digits.
    case sha512

    /// Hexadecimal digits of a digest.
    public var hexLength: Int {
      switch self {
      case .sha256: 64
      case .sha512: 128
      }
    }
  }

  /// The algorithm.
  public let algorithm: Algorithm
  /// `algorithm:hex`.
  public let description: String

  /// Checks the text form `algorithm:hex`; nil where the grammar, the length or the algorithm is not known.
  public init?(_ text: some StringProtocol) {
    guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")),
      let algorithm = Algorithm(rawValue: String(text[..<colon]))
    else { return nil }
    let hex = text[text.utf8.index(after: colon)...]
    guard hex.utf8.count == algorithm.hexLength, hex.utf8.allSatisfy(Digest.isLowercaseHex) else { return nil }
    self.algorithm = algorithm
    self.description = String(text)
  }

  /// Checks an algorithm and its hexadecimal part, as directories name them.
  public init?(algorithm: Algorithm, hex: some StringProtocol) {
    guard hex.utf8.count == algorithm.hexLength, hex.utf8.allSatisfy(Digest.isLowercaseHex) else { return nil }
    self.algorithm = algorithm
    self.description = algorithm.rawValue + ":" + hex
  }

  /// From the bytes that a hash function gave.
  init(algorithm: Algorithm, bytes: some Sequence<UInt8>) {
    let digits = Array("0123456789abcdef".utf8)
    var text = Array((algorithm.rawValue + ":").utf8)
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    self.algorithm = algorithm
    self.description = String(decoding: text, as: UTF8.self)
  }

  /// The hexadecimal part.
  public var hex: Substring {
    description[description.utf8.index(description.startIndex, offsetBy: algorithm.rawValue.utf8.count + 1)...]
  }

  private static func isLowercaseHex(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
  }
}
