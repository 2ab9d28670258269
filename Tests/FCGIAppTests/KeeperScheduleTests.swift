import Testing

@testable import FCGIApp

@Suite struct KeeperScheduleTests {
  @Test func `tasks run after their delay, then at their interval, and make up for nothing`() {
    let start = ContinuousClock.now
    var schedule = KeeperSchedule(
      intervals: [.seconds(10), .seconds(3)], delays: [.seconds(1), .seconds(2)], now: start)
    #expect(schedule.next?.task == 0)
    #expect(schedule.next?.time == start + .seconds(1))
    schedule.began(0, at: start + .seconds(1))
    #expect(schedule.next?.task == 1)
    schedule.began(1, at: start + .seconds(50))
    #expect(schedule.next?.task == 0)
    schedule.began(0, at: start + .seconds(50))
    #expect(schedule.next?.time == start + .seconds(53))
  }

  @Test func `no task is due where there is none`() {
    #expect(KeeperSchedule(intervals: [], delays: [], now: .now).next == nil)
  }
}
