/// Names an upload: a UUID in its lower-case text form (RFC 9562).
public struct UploadID: Hashable, Sendable, CustomStringConvertible {
  /// The text form.
  public let description: String

  /// Checks the form 8-4-4-4-12; nil where it does not match.
  public init?(_ text: some StringProtocol) {
    let bytes = Array(text.utf8)
    guard bytes.count == 36 else { return nil }
    for (index, byte) in bytes.enumerated() {
      switch index {
      case 8, 13, 18, 23:
        guard byte == UInt8(ascii: "-") else { return nil }
      default:
        guard
          (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
        else { return nil }
      }
    }
    description = String(text)
  }

  /// A new one, random (version 4).
  public init() {
    var generator = SystemRandomNumberGenerator()
    var words = (generator.next() as UInt64, generator.next() as UInt64)
    words.0 = words.0 & ~0xF000 | 0x4000
    words.1 = words.1 & ~(0b11 << 62) | (0b10 << 62)
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(36)
    for index in 0..<32 {
      if [8, 12, 16, 20].contains(index) { text.append(UInt8(ascii: "-")) }
      let word = index < 16 ? words.0 : words.1
      text.append(digits[Int(word >> (60 - 4 * UInt64(index % 16)) & 15)])
    }
    description = String(decoding: text, as: UTF8.self)
  }
}
