/// Points of time as RFC 3339 writes them: `2026-01-02T03:04:05.678Z`, `2026-01-02T03:04:05+01:00`.
package enum RFC3339 {
  /// Nanoseconds since 1970; nil where `text` is no such time, or one out of ``WallClock/range``.
  package static func nanoseconds(_ text: String) -> Int64? {
    var rest = Substring(text).utf8
    guard let year = number(&rest, 4), literal(&rest, "-"), let month = number(&rest, 2), literal(&rest, "-"),
      let day = number(&rest, 2), literal(&rest, "T") || literal(&rest, "t"), let hour = number(&rest, 2),
      literal(&rest, ":"), let minute = number(&rest, 2), literal(&rest, ":"), let second = number(&rest, 2),
      (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60
    else { return nil }
    let fraction = fraction(&rest)
    guard let fraction, let offset = offset(&rest), rest.allSatisfy({ $0 == UInt8(ascii: "\n") }) else { return nil }
    let seconds = days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset
    let time = WallClock.time(seconds: seconds, nanoseconds: fraction)
    // The bounds stand for all that is beyond them, too.
    return time == WallClock.range.lowerBound || time == WallClock.range.upperBound ? nil : time
  }

  /// Days from 1970 to a date of the Gregorian calendar.
  private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    // Counted from March, so that the leap day is a year's last.
    let shifted = month > 2 ? year : year - 1
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
  }

  private static func number(_ rest: inout Substring.UTF8View, _ digits: Int) -> Int64? {
    let text = rest.prefix(digits)
    guard text.count == digits, text.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
      return nil
    }
    rest = rest.dropFirst(digits)
    return Int64(String(Substring(text)))
  }

  private static func literal(_ rest: inout Substring.UTF8View, _ character: Unicode.Scalar) -> Bool {
    guard rest.first == UInt8(ascii: character) else { return false }
    rest = rest.dropFirst()
    return true
  }

  /// Nanoseconds; digits beyond those are dropped.
  private static func fraction(_ rest: inout Substring.UTF8View) -> Int64? {
    guard literal(&rest, ".") else { return 0 }
    let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard !digits.isEmpty else { return nil }
    rest = rest.dropFirst(digits.count)
    let nine = String(Substring(digits.prefix(9)))
    return Int64(nine + String(repeating: "0", count: 9 - nine.utf8.count))
  }

  /// Seconds east of UTC.
  private static func offset(_ rest: inout Substring.UTF8View) -> Int64? {
    if literal(&rest, "Z") || literal(&rest, "z") { return 0 }
    let sign: Int64
    if literal(&rest, "+") { sign = 1 } else if literal(&rest, "-") { sign = -1 } else { return nil }
    guard let hours = number(&rest, 2), literal(&rest, ":"), let minutes = number(&rest, 2) else { return nil }
    return sign * (hours * 3600 + minutes * 60)
  }
}
