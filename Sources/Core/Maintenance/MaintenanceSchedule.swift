import Glibc

/// How often a piece of maintenance is due: a duration (`24h`, `1d`), a cron expression of five fields in local time
/// (`30 3 * * sun`), or `@hourly`, `@daily`, `@weekly`, `@monthly`.
public struct MaintenanceSchedule: Sendable, Equatable {
  /// As it was written.
  public let text: String
  private let kind: Kind

  private enum Kind: Sendable, Equatable {
    case interval(Duration)
    case calendar(CronExpression)
  }

  private static let names = [
    "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *",
  ]

  /// nil where it has none of the forms, or asks for more than one run a second.
  public init?(_ text: String) {
    self.text = text
    if let expression = CronExpression(Self.names[text] ?? text) {
      kind = .calendar(expression)
    } else if let interval = Duration(goText: text), interval >= .seconds(1) {
      kind = .interval(interval)
    } else {
      return nil
    }
  }

  /// Every so often.
  public init(every interval: Duration) {
    text = interval.goText
    kind = .interval(interval)
  }

  /// From one run's begin to the next one's; nil where the calendar says.
  public var interval: Duration? {
    if case .interval(let interval) = kind { interval } else { nil }
  }

  /// The least time between two runs: hosts whose clocks differ by less do it once.
  public var leastInterval: Duration { interval ?? .seconds(60) }

  /// When it is due for the first time after `time` (seconds since 1970).
  public func next(after time: Int64) -> Int64 {
    switch kind {
    case .interval(let interval):
      return time.addingReportingOverflow(interval.components.seconds).partialValue
    case .calendar(let expression):
      var now = time_t(time)
      var parts = tm()
      localtime_r(&now, &parts)
      var minute = CronExpression.Minute(
        year: Int(parts.tm_year) + 1900, month: Int(parts.tm_mon) + 1, day: Int(parts.tm_mday),
        hour: Int(parts.tm_hour), minute: Int(parts.tm_min))
      // An hour that clocks go through twice, when summer time ends, is not gone through again.
      while let next = expression.next(after: minute) {
        parts = tm()
        parts.tm_year = Int32(next.year - 1900)
        parts.tm_mon = Int32(next.month - 1)
        parts.tm_mday = Int32(next.day)
        parts.tm_hour = Int32(next.hour)
        parts.tm_min = Int32(next.minute)
        parts.tm_isdst = -1
        let due = Int64(mktime(&parts))
        if due > time { return due }
        minute = next
      }
      return .max
    }
  }
}

extension MaintenanceSchedule: ConfigurationValue {
  static var expectation: String {
    "a duration such as 24h or 1d, five fields such as \"30 3 * * *\", or @hourly, @daily, @weekly or @monthly"
  }

  init?(_ node: YAMLNode) {
    guard let scalar = node.scalar else { return nil }
    if let nanoseconds = scalar.integer {
      guard nanoseconds >= 1_000_000_000 else { return nil }
      self.init(every: .nanoseconds(nanoseconds))
    } else {
      self.init(scalar.text)
    }
  }

  var content: YAMLNode.Content? { .scalar(YAMLScalar(text: text, isString: interval == nil)) }
}
