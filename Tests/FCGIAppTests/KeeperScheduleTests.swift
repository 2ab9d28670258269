import Core
import Testing

@testable import FCGIApp

@Suite struct KeeperScheduleTests {
  private let start = KeeperSchedule.Moment(steady: .now, wall: 1_767_323_045)

  private func later(_ seconds: Int64) -> KeeperSchedule.Moment {
    KeeperSchedule.Moment(steady: start.steady + .seconds(seconds), wall: start.wall + seconds)
  }

  @Test func `tasks run after their delay, then at their interval, and make up for nothing`() {
    var schedule = KeeperSchedule(
      [MaintenanceSchedule(every: .seconds(10)), MaintenanceSchedule(every: .seconds(3))],
      delays: [.seconds(1), .seconds(2)], now: start)
    #expect(schedule.next(at: start)?.task == 0)
    #expect(schedule.next(at: start)?.wait == .seconds(1))
    schedule.began(0, at: later(1))
    #expect(schedule.next(at: later(1))?.task == 1)
    #expect(schedule.next(at: later(9))?.wait == .zero)
    schedule.began(1, at: later(50))
    #expect(schedule.next(at: later(50))?.task == 0)
    schedule.began(0, at: later(50))
    #expect(schedule.next(at: later(50))?.wait == .seconds(3))
  }

  @Test func `a task of the calendar runs when the clock on the wall says so`() throws {
    let everyMinute = try #require(MaintenanceSchedule("* * * * *"))
    var schedule = KeeperSchedule([everyMinute], delays: [nil], now: start)
    // 03:04:05 to 03:05:00.
    #expect(schedule.next(at: start)?.wait == .seconds(55))
    // The clock was set.
    #expect(schedule.next(at: KeeperSchedule.Moment(steady: start.steady, wall: start.wall + 60))?.wait == .zero)
    schedule.began(0, at: later(55))
    #expect(schedule.next(at: later(55))?.wait == .seconds(60))
  }

  @Test func `no task is due where there is none`() {
    #expect(KeeperSchedule([], delays: [], now: .now).next(at: .now) == nil)
  }
}
