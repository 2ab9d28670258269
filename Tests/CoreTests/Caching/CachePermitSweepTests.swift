import Drivers
import Synchronization
import TestSupport
import Testing

@testable import Core

/// Permits of caches that are gone are in nobody's way, and don't gather.
@Suite(.ownThread) struct CachePermitSweepTests {
  private let driver = InMemoryDriver()
  private let clock = StagedDriver.Clock()
  private let staged: StagedDriver

  init() {
    staged = StagedDriver(driver, clock)
  }

  private func put(_ domains: [String]) async throws {
    for domain in domains {
      try await CachePermitFile.open(1).write(StorageLayout.cachePermit(domain), driver, durability: .process)
    }
  }

  private func passDays(_ count: Int) { for _ in 0..<count { clock.passDay() } }

  private func domains() async throws -> [String] { try await driver.names(in: StorageLayout.cachePermits).sorted() }

  @Test func `a permit of a cache that is gone costs a removal no call, and is swept`() async throws {
    let gone = (0..<50).map { "host-\($0)" }
    try await put(gone)
    passDays(9)
    let counting = CountingDriver(staged)
    try await CacheInvalidation(counting, nil).removingMany {}
    #expect(counting.takeCounts() == ["entries": 2])
    #expect(try await domains().count == 50)

    try await put(["host-new"])
    #expect(try await RegistryCaching.sweepPermits(counting) == 50)
    #expect(try await domains() == ["host-new"])
    #expect(counting.takeCounts() == ["entries": 1, "put": 50, "content": 50, "stat": 50, "delete": 50])
    #expect(try await RegistryCaching.sweepPermits(counting) == 0)
    #expect(counting.takeCounts() == ["entries": 1])
  }

  @Test func `a permit that may be gone by costs its calls, whatever else lies there`() async throws {
    try await put(["host-1", "host-2"])
    passDays(7)
    let counting = CountingDriver(staged)
    try await CacheInvalidation(counting, nil).removingMany {}
    let counts = counting.takeCounts()
    #expect(counts["put"] == 2 && counts["delete"] == 2)
    #expect(try await domains().isEmpty)
  }

  @Test func `a number is given up after a week, by all processes, and holds until then`() async throws {
    let path = StorageLayout.cachePermit("host-1")
    let first = try await Eventually.value("pass") { await CachePermit(domain: "host-1", staged).pass() }
    passDays(6)
    let same = try await Eventually.value("pass") { await CachePermit(domain: "host-1", staged).pass() }
    #expect(same.number == first.number)
    passDays(1)
    let other = try await Eventually.value("pass") { await CachePermit(domain: "host-1", staged).pass() }
    #expect(other.number != first.number)
    #expect(try await CachePermitFile.read(path, staged) == .open(other.number))
  }

  @Test func `a permit that is taken up while it is swept vanishes when nobody goes by it any more`() async throws {
    try await put(["host-1"])
    passDays(9)
    let reader = CachePermit(domain: "host-1", staged)
    let pass = Mutex<CachePass?>(nil)
    // The sweep has found it forgotten, and is about to close it.
    let sweeping = HookedDriver(staged) { call in
      guard call.name == "put" else { return }
      let taken = await reader.pass()
      pass.withLock { $0 = taken }
    }
    #expect(try await RegistryCaching.sweepPermits(sweeping) == 1)
    #expect(try await domains().isEmpty)
    let old = try #require(pass.withLock { $0 })
    #expect(!old.isValid)
    let new = try await Eventually.value("pass") { await reader.pass() }
    #expect(new.number != old.number)
  }

  @Test(arguments: [Int64.min, -(1 << 62), 1 << 62, .max])
  func `a permit of an impossible time is no trap`(modified: Int64) {
    let entry = StorageEntry(isDirectory: false, size: 0, modified: modified)
    #expect(CachePermitFile.rest(modified: entry.modified) == nil)
    #expect(CachePermitFile.isForgotten(modified: entry.modified) == (modified < 0))
  }

  @Test func `permits of a store of objects are closed side by side`() async throws {
    let store = ObjectStoreDriver()
    for number in 0..<40 {
      try await CachePermitFile.open(1).write(
        StorageLayout.cachePermit("host-\(number)"), store, durability: .process)
    }
    let meter = ConcurrencyMeter()
    let hooked = HookedDriver(store, concurrency: store.concurrency) { call in
      guard call.name == "put" else { return }
      meter.begin()
      try? await Task.sleep(for: .milliseconds(2))
      meter.end()
    }
    try await CacheInvalidation(hooked, nil).removingMany {}
    #expect(meter.most > 1)
    #expect(try await store.names(in: StorageLayout.cachePermits).isEmpty)
  }
}

/// How many are at it at once.
private final class ConcurrencyMeter: Sendable {
  private let state = Mutex((now: 0, most: 0))

  func begin() {
    state.withLock { state in
      state.now += 1
      state.most = max(state.most, state.now)
    }
  }

  func end() { state.withLock { $0.now -= 1 } }

  var most: Int { state.withLock { $0.most } }
}
