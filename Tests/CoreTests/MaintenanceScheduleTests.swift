import Testing

@testable import Core

@Suite struct MaintenanceScheduleTests {
  private typealias Minute = CronExpression.Minute

  private static func minute(_ text: String) -> CronExpression.Minute {
    let numbers = text.split { "- :".contains($0) }.compactMap { Int($0) }
    return CronExpression.Minute(
      year: numbers[0], month: numbers[1], day: numbers[2], hour: numbers[3], minute: numbers[4])
  }

  @Test(arguments: [
    ("* * * * *", "2026-01-02 03:04", "2026-01-02 03:05"),
    ("* * * * *", "2026-12-31 23:59", "2027-01-01 00:00"),
    ("30 3 * * *", "2026-01-02 03:29", "2026-01-02 03:30"),
    ("30 3 * * *", "2026-01-02 03:30", "2026-01-03 03:30"),
    ("*/15 * * * *", "2026-01-02 03:46", "2026-01-02 04:00"),
    ("5/20 * * * *", "2026-01-02 03:26", "2026-01-02 03:45"),
    ("0 9-17/4 * * *", "2026-01-02 09:00", "2026-01-02 13:00"),
    ("0 1,13 * * *", "2026-01-02 02:00", "2026-01-02 13:00"),
    // 2 January 2026 is a Friday.
    ("0 0 * * sun", "2026-01-02 00:00", "2026-01-04 00:00"),
    ("0 0 * * 7", "2026-01-02 00:00", "2026-01-04 00:00"),
    ("0 0 * * Mon-Wed", "2026-01-02 00:00", "2026-01-05 00:00"),
    ("0 0 31 * *", "2026-01-31 12:00", "2026-03-31 00:00"),
    ("0 0 29 feb *", "2026-01-01 00:00", "2028-02-29 00:00"),
    ("0 0 1 jul *", "2026-08-01 00:00", "2027-07-01 00:00"),
    // Either day will do where both are given; not where one is a star.
    ("0 0 15 * fri", "2026-01-02 00:00", "2026-01-09 00:00"),
    ("0 0 15 * fri", "2026-01-09 00:00", "2026-01-15 00:00"),
    ("0 0 */2 * fri", "2026-01-02 00:00", "2026-01-09 00:00"),
  ])
  func `a cron expression is next due`(expression: String, after: String, due: String) throws {
    let expression = try #require(CronExpression(expression))
    #expect(expression.next(after: Self.minute(after)) == Self.minute(due))
  }

  @Test(arguments: [
    "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *", "* * * * 8",
    "a * * * *", "*/0 * * * *", "5-1 * * * *", "1, * * * *", "-1 * * * *", "* * * foo *", "0 0 30 2 *", "*/100 *",
    "1-2-3 * * * *",
    "24", "-1h", "0s", "500ms", "@yearly", "@daily x",
  ])
  func `what is no schedule is refused`(text: String) {
    #expect(MaintenanceSchedule(text) == nil)
  }

  @Test func `an interval counts from the last run`() throws {
    let schedule = try #require(MaintenanceSchedule("1h30m"))
    #expect(schedule.interval == .seconds(5400) && schedule.leastInterval == .seconds(5400))
    #expect(schedule.next(after: 1000) == 6400)
  }

  @Test(arguments: ["@hourly", "@daily", "@weekly", "@monthly", "30 3 * * sun"])
  func `the calendar counts in minutes, and comes back`(text: String) throws {
    let schedule = try #require(MaintenanceSchedule(text))
    #expect(schedule.interval == nil && schedule.text == text)
    var time: Int64 = 1_767_323_045
    for _ in 0..<30 {
      let next = schedule.next(after: time)
      #expect(next > time && next - time <= 31 * 86400 + 3600 && next % 60 == 0)
      time = next
    }
  }
}
