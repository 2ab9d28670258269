/// The first half of a digest, or its first quarter: enough to distinguish contents.
///
/// If two digests began with the same bytes, garbage would be kept; wanted content is never removed because of that.
struct DigestKey: Hashable, Comparable, Sendable {
  let high: UInt64
  let low: UInt64

  /// Of a digest's hexadecimal digits, as directories are named; nil where it is not as long as the algorithm's, or
  /// has other characters.
  init?(_ hex: some StringProtocol, _ algorithm: Digest.Algorithm) {
    var words: (UInt64, UInt64) = (0, 0)
    var count = 0
    for byte in hex.utf8 {
      let value: UInt64
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = UInt64(byte - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = UInt64(byte - UInt8(ascii: "a")) + 10
      default: return nil
      }
      if count < 16 { words.0 = words.0 << 4 | value } else if count < 32 { words.1 = words.1 << 4 | value }
      count += 1
    }
    guard count == algorithm.hexLength else { return nil }
    (high, low) = words
  }

  init(_ digest: Digest) {
    var words: [UInt64] = [0, 0]
    for (index, byte) in digest.hex.utf8.prefix(32).enumerated() {
      let value = byte <= UInt8(ascii: "9") ? byte - UInt8(ascii: "0") : byte - UInt8(ascii: "a") + 10
      words[index / 16] = words[index / 16] << 4 | UInt64(value)
    }
    (high, low) = (words[0], words[1])
  }

  init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  static func < (left: DigestKey, right: DigestKey) -> Bool {
    (left.high, left.low) < (right.high, right.low)
  }
}
