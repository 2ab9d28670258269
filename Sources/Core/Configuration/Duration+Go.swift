/// Durations as Go writes them, which is how docker/distribution's configuration does.
extension Duration {
  /// Units with their nanoseconds. Days and weeks, of 24 hours and of 7 days, are Berth's own.
  private static let goUnits: [(name: String, nanoseconds: Int64)] = [
    ("ns", 1), ("us", 1_000), ("µs", 1_000), ("μs", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000),
    ("m", 60_000_000_000), ("h", 3_600_000_000_000), ("d", 86_400_000_000_000), ("w", 604_800_000_000_000),
  ]

  /// `168h`, `1m30s`, `-1.5h`, `0`; also `7d` and `1w`, which Go has not. nil for anything else, and for what 64 bits
  /// of nanoseconds can't hold.
  public init?(goText text: String) {
    var rest = Substring(text)
    let isNegative = rest.hasPrefix("-")
    if isNegative || rest.hasPrefix("+") { rest.removeFirst() }
    guard !rest.isEmpty else { return nil }
    if rest == "0" {
      self = .zero
      return
    }
    var total: Int64 = 0
    while !rest.isEmpty {
      guard let part = Self.goPart(&rest) else { return nil }
      let (sum, overflow) = total.addingReportingOverflow(part)
      guard !overflow else { return nil }
      total = sum
    }
    self = .nanoseconds(isNegative ? -total : total)
  }

  /// A number with its unit, from the front of `rest`, in nanoseconds.
  private static func goPart(_ rest: inout Substring) -> Int64? {
    let number = rest.prefix { $0 == "." || ("0"..."9").contains($0) }
    rest = rest.dropFirst(number.count)
    let name = rest.prefix { $0 != "." && !("0"..."9").contains($0) }
    rest = rest.dropFirst(name.count)
    let halves = number.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard let unit = goUnits.first(where: { $0.name == name })?.nanoseconds, number.contains(where: { $0 != "." }),
      let whole = halves[0].isEmpty ? 0 : Int64(halves[0])
    else { return nil }
    let (scaled, overflow) = whole.multipliedReportingOverflow(by: unit)
    guard !overflow else { return nil }
    var fraction: Int64 = 0
    if halves.count == 2 {
      guard !halves[1].contains(".") else { return nil }
      var place = unit
      // Digits beyond a nanosecond are dropped, as Go does.
      for digit in halves[1] {
        place /= 10
        fraction += Int64(digit.wholeNumberValue ?? 0) * place
      }
    }
    let (sum, sumOverflow) = scaled.addingReportingOverflow(fraction)
    return sumOverflow ? nil : sum
  }

  /// The shortest such text that Go can read, too: `168h`, `1m30s`, `500ms`.
  public var goText: String {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (total, sumOverflow) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
    guard !overflow, !sumOverflow, total != 0 else { return "\(seconds)s" }
    var rest = total.magnitude
    var text = total < 0 ? "-" : ""
    for unit in ["h", "m", "s", "ms", "us", "ns"] {
      guard let size = Self.goUnits.first(where: { $0.name == unit })?.nanoseconds.magnitude, rest >= size else {
        continue
      }
      text += "\(rest / size)\(unit)"
      rest %= size
    }
    return text
  }
}
