/// When something is due, in five fields: minute, hour, day of the month, month, day of the week (crontab(5)).
///
/// A field is `*`, a number, a name (`jan`, `mon`), a range `1-5`, each with a step `*/15`, or a list of those. Where
/// both days are restricted, either will do.
public struct CronExpression: Sendable, Equatable {
  private var minutes: UInt64 = 0
  private var hours: UInt64 = 0
  private var days: UInt64 = 0
  private var months: UInt64 = 0
  /// Sunday is 0.
  private var weekdays: UInt64 = 0
  private var anyDay = false
  private var anyWeekday = false

  /// A minute of the calendar.
  struct Minute: Equatable {
    var year: Int
    /// 1 to 12.
    var month: Int
    var day: Int
    var hour: Int
    var minute: Int
  }

  private static let monthNames = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
  ]
  private static let dayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

  /// nil where it is not in that form, or never due (30 February).
  init?(_ text: String) {
    let fields = text.split(whereSeparator: { $0 == " " || $0 == "\t" })
    guard fields.count == 5,
      let minutes = Self.set(fields[0], 0...59), let hours = Self.set(fields[1], 0...23),
      let days = Self.set(fields[2], 1...31), let months = Self.set(fields[3], 1...12, Self.monthNames),
      let weekdays = Self.set(fields[4], 0...7, Self.dayNames)
    else { return nil }
    (self.minutes, self.hours, self.days, self.months) = (minutes, hours, days, months)
    // Sunday is 7, too.
    self.weekdays = (weekdays | weekdays >> 7) & 0x7F
    anyDay = fields[2].hasPrefix("*")
    anyWeekday = fields[4].hasPrefix("*")
    guard next(after: Minute(year: 2000, month: 1, day: 1, hour: 0, minute: 0)) != nil else { return nil }
  }

  private static func set(_ field: Substring, _ range: ClosedRange<Int>, _ names: [String] = []) -> UInt64? {
    var set: UInt64 = 0
    for part in field.split(separator: ",", omittingEmptySubsequences: false) {
      let halves = part.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
      var step = 1
      if halves.count == 2 {
        guard let number = number(halves[1]), number > 0 else { return nil }
        step = number
      }
      guard let span = span(halves[0], range, names, hasStep: halves.count == 2) else { return nil }
      for value in stride(from: span.lowerBound, through: span.upperBound, by: step) { set |= 1 << UInt64(value) }
    }
    return set
  }

  private static func span(
    _ text: Substring, _ range: ClosedRange<Int>, _ names: [String], hasStep: Bool
  ) -> ClosedRange<Int>? {
    if text == "*" { return range }
    let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = value(ends[0], range, names) else { return nil }
    guard ends.count == 2 else { return first...(hasStep ? range.upperBound : first) }
    guard let last = value(ends[1], range, names), first <= last else { return nil }
    return first...last
  }

  private static func value(_ text: Substring, _ range: ClosedRange<Int>, _ names: [String]) -> Int? {
    if let index = names.firstIndex(of: text.lowercased()) { return range.lowerBound + index }
    guard let number = number(text), range.contains(number) else { return nil }
    return number
  }

  /// Of up to two digits.
  private static func number(_ text: Substring) -> Int? {
    guard (1...2).contains(text.utf8.count), text.allSatisfy({ ("0"..."9").contains($0) }) else { return nil }
    return Int(text)
  }

  /// The first minute after `start` that it names; nil where there is none within 40 years, in which every date falls
  /// on every day of the week.
  func next(after start: Minute) -> Minute? {
    var time = start
    time.minute += 1
    while time.year <= start.year + 40 {
      guard Self.has(months, time.month) else {
        time = Minute(year: time.year, month: time.month + 1, day: 1, hour: 0, minute: 0)
        if time.month > 12 { (time.year, time.month) = (time.year + 1, 1) }
        continue
      }
      guard time.day <= Self.days(in: time.month, of: time.year) else {
        time = Minute(year: time.year, month: time.month + 1, day: 1, hour: 0, minute: 0)
        if time.month > 12 { (time.year, time.month) = (time.year + 1, 1) }
        continue
      }
      guard isDue(time.year, time.month, time.day), time.hour < 24 else {
        (time.day, time.hour, time.minute) = (time.day + 1, 0, 0)
        continue
      }
      guard Self.has(hours, time.hour), time.minute < 60 else {
        (time.hour, time.minute) = (time.hour + 1, 0)
        continue
      }
      if Self.has(minutes, time.minute) { return time }
      time.minute += 1
    }
    return nil
  }

  private func isDue(_ year: Int, _ month: Int, _ day: Int) -> Bool {
    let byDay = Self.has(days, day)
    let byWeekday = Self.has(weekdays, Self.weekday(year, month, day))
    return anyDay || anyWeekday ? byDay && byWeekday : byDay || byWeekday
  }

  private static func has(_ set: UInt64, _ value: Int) -> Bool { set >> UInt64(value) & 1 == 1 }

  private static func days(in month: Int, of year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Sakamoto's method.
  private static func weekday(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let offsets = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4]
    let year = month < 3 ? year - 1 : year
    return (year + year / 4 - year / 100 + year / 400 + offsets[month - 1] + day) % 7
  }
}
