import Drivers
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import Core

@Suite(.ownThread) struct CachePermitTests {
  private let driver = InMemoryDriver()
  private let path = StorageLayout.cachePermit("host-1")

  /// One that was read in time: on a busy machine, a read may take longer than what it brings holds.
  private func nextPass(of permit: CachePermit) async throws -> CachePass {
    try await Eventually.value("pass") { await permit.pass() }
  }

  private func file() async throws -> CachePermitFile { try await CachePermitFile.read(path, driver) }

  @Test func `all processes of a domain go by one number, and others by others`() async throws {
    let first = try await nextPass(of: CachePermit(domain: "host-1", driver))
    let second = try await nextPass(of: CachePermit(domain: "host-1", driver))
    let other = try await nextPass(of: CachePermit(domain: "host-2", driver))
    #expect(first.number == second.number)
    #expect(first.number != other.number)
    #expect(try await file() == .open(first.number))
  }

  @Test func `a pass is read twice a second at the most, by one request while others go on`() async throws {
    let reads = Mutex(0)
    let hooked = HookedDriver(driver) { call in
      if call.name == "content" { reads.withLock { $0 += 1 } }
    }
    let permit = CachePermit(domain: "host-1", hooked)
    let start = ContinuousClock.now
    var asked = 0
    while asked < 10_000 || ContinuousClock.now - start < .milliseconds(50) {
      if await permit.pass() != nil { asked += 1 }
    }
    let halfSeconds = (ContinuousClock.now - start) / .milliseconds(500)
    // The first is not there yet, is made, and read.
    #expect(Double(reads.withLock { $0 }) <= 2 + halfSeconds)
  }

  @Test func `a permit that was taken away is void a second later, and made anew`() async throws {
    let permit = CachePermit(domain: "host-1", driver)
    let pass = try await nextPass(of: permit)
    try await driver.delete(path, durability: .process)
    try await Task.sleep(for: CachePermit.lease)
    #expect(!pass.isValid)
    let next = try await nextPass(of: permit)
    #expect(next.number != pass.number)
  }

  @Test func `nobody goes by a cache while its domain is closed`() async throws {
    let permit = CachePermit(domain: "host-1", driver)
    _ = try await nextPass(of: permit)
    try await CachePermitFile.closed(7).write(path, driver, durability: .process)
    try await Task.sleep(for: CachePermit.lease)
    #expect(await permit.pass() == nil)
    #expect(try await file() == .closed(7))
    try await driver.delete(path, durability: .process)
    try await Task.sleep(for: CachePermit.lease)
    _ = try await nextPass(of: permit)
  }

  @Test func `a domain whose closer has died opens again`() async throws {
    let clock = StagedDriver.Clock()
    let staged = StagedDriver(driver, clock)
    try await CachePermitFile.closed(7).write(path, staged, durability: .process)
    #expect(await CachePermit(domain: "host-1", staged).pass() == nil)
    clock.passDay()
    _ = try await nextPass(of: CachePermit(domain: "host-1", staged))
  }

  @Test(arguments: [Int.min, -3_000_000_000, 4_000_000_000])
  func `whatever the time of a closed domain's file is, nobody stumbles over it`(seconds: Int) async throws {
    let folder = try TemporaryFolder()
    let driver = try FilesystemDriver(rootDirectory: folder.path, maxThreads: 25, accelPrefix: nil)
    try await CachePermitFile.closed(7).write(path, driver, durability: .process)
    var times = [timespec(tv_sec: seconds == .min ? -(1 << 40) : seconds, tv_nsec: 0), timespec(tv_sec: 0, tv_nsec: 0)]
    times[1] = times[0]
    utimensat(AT_FDCWD, folder.path + path.string, times, 0)
    _ = try await nextPass(of: CachePermit(domain: "host-1", driver))
  }

  @Test func `where the storage fails, nobody goes by a cache`() async throws {
    let isFailing = Atomic(false)
    let hooked = HookedDriver(driver) { call throws(StorageError) in
      if isFailing.load(ordering: .relaxed) { throw StorageError(.failed, call.name) }
    }
    let permit = CachePermit(domain: "host-1", hooked)
    _ = try await nextPass(of: permit)
    isFailing.store(true, ordering: .relaxed)
    try await Task.sleep(for: CachePermit.lease)
    #expect(await permit.pass() == nil)
    isFailing.store(false, ordering: .relaxed)
    try await Task.sleep(for: CachePermit.lease)
    _ = try await nextPass(of: permit)
  }

  @Test(arguments: ["", "open", "open 12", "open 00000000000000zz", "shut 0000000000000012", "open 0000000000000012 x"])
  func `a file that is torn counts as none`(text: String) async throws {
    try await driver.put(Array(text.utf8), at: path, durability: .process)
    #expect(try await file() == .absent)
    let pass = try await nextPass(of: CachePermit(domain: "host-1", driver))
    #expect(try await file() == .open(pass.number))
  }
}
