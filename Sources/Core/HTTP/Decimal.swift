/// Numbers as header fields write them: decimal digits alone, without sign or space.
enum Decimal {
  /// The number; nil where `text` is empty, holds anything but digits, or is more than an Int64 holds.
  static func exact(_ text: some Collection<UInt8>) -> Int64? {
    guard let number = saturating(text), number != .max else { return nil }
    return number
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
