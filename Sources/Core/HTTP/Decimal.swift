/// Numbers as header fields write them: decimal digits alone, without sign or space.
package enum Decimal {
  /// The number; nil where `text` is empty, holds anything but digits, or is more than an Int64 holds.
  package static func exact(_ text: some Collection<UInt8>) -> Int64? {
    guard let number = saturating(text), number != .max else { return nil }
    return number
  }

  /// A number of bytes; nil where `text` is none, or beyond ``ByteCount/range``.
  package static func bytes(_ text: some StringProtocol) -> Int64? {
    exact(text.utf8).flatMap { ByteCount.range.contains($0) ? $0 : nil }
  }

  /// The same, but a number beyond Int64 is the largest one.
  static func saturating(_ text: some Collection<UInt8>) -> Int64? {
    guard !text.isEmpty else { return nil }
    var number: Int64 = 0
    for byte in text {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
      let (tens, overflow) = number.multipliedReportingOverflow(by: 10)
      let (sum, more) = tens.addingReportingOverflow(Int64(byte - UInt8(ascii: "0")))
      number = overflow || more ? .max : sum
    }
    return number
  }
}
