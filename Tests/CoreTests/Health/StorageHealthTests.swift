import Synchronization
import TestSupport
import Testing

@testable import Core
@testable import Drivers

@Suite(.ownThread) struct StorageHealthTests {
  @Test(arguments: [
    (0, "x", "-"), (1, "x", "-"), (2, "x", "+"), (2, "xx", "-"), (3, "xxo", "+"), (3, "xxox", "+"), (3, "xxxx", "-"),
    (3, "xxxxo", "+"), (0, "", "+"), (0, "o", "+"), (Int.max, "xxx", "+"),
  ])
  func `failures in a row make it unhealthy, one success healthy`(threshold: Int, checks: String, outcome: String) {
    var health = StorageHealth(threshold: threshold)
    for check in checks { health.note(isAnswering: check == "o") }
    #expect(health.isHealthy == (outcome == "+"))
  }

  @Test func `a storage that fails is told of once, and once when it answers again`() async throws {
    let isFailing = Atomic(false)
    let driver = HookedDriver(InMemoryDriver()) { call throws(StorageError) in
      if isFailing.load(ordering: .relaxed) { throw StorageError(.unavailable, call.name, cause: "nobody there") }
    }
    let changes = Mutex<[StorageHealthCheck.Change]>([])
    let check = StorageHealthCheck(driver, threshold: 2) { change in
      changes.withLock { $0.append(change) }
    }
    for isDown in [false, false, true, false, true, true, true, false, false] {
      isFailing.store(isDown, ordering: .relaxed)
      await check.run()
    }
    let told = changes.withLock { $0 }
    try #require(told.count == 3)
    #expect(told[0] == .healthy && told[2] == .healthy)
    guard case .unhealthy(let reason) = told[1] else { return #expect(told[1] != .healthy) }
    #expect(reason.contains("nobody there"))
  }

  @Test func `silence is a failure each time it is noted, and an answer ends it`() async throws {
    let changes = Mutex<[StorageHealthCheck.Change]>([])
    let check = StorageHealthCheck(InMemoryDriver(), threshold: 2) { change in changes.withLock { $0.append(change) } }
    let start = ContinuousClock.now
    check.noteSilence(since: start, now: start + .seconds(10))
    // Below the threshold nothing is said, also not that it is healthy.
    #expect(changes.withLock { $0 }.isEmpty)
    check.noteSilence(since: start, now: start + .seconds(20))
    check.noteSilence(since: start, now: start + .seconds(30))
    await check.run()
    // There was an answer since.
    for _ in 0..<5 { check.noteSilence(since: start, now: start + .seconds(40)) }
    #expect(changes.withLock { $0 } == [.unhealthy(because: "it has not answered for 20 seconds"), .healthy])
  }

  @Test(arguments: [(1, 5), (5, 5), (10, 10), (30, 30), (3600, 30)])
  func `a check's deadline is its interval, within bounds`(interval: Int, deadline: Int) {
    var check = Configuration.Health.StorageCheck()
    check.interval = .seconds(interval)
    #expect(check.deadline == .seconds(deadline))
  }
}
