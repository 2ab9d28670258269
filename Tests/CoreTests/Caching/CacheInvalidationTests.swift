import Drivers
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Core

/// What is removed is told of by no cache afterwards, whoever has one.
@Suite(.ownThread) struct CacheInvalidationTests {
  private let driver = InMemoryDriver()
  private let name: RepositoryName
  private let digest = TestContent.digest([1, 2, 3])

  init() throws {
    name = try #require(RepositoryName("team/app"))
  }

  /// A process with a cache. One `domain` is one host.
  private struct Host {
    let domain: String
    let blobs: LinkedBlobStore
    let meter: Meter

    init(
      _ driver: any StorageDriver, _ name: RepositoryName, domain: String,
      _ generation: CacheGeneration = .ofThisProcess(), claimHolds: Duration = .seconds(600)
    ) {
      self.domain = domain
      let meter = Meter()
      let cache = InProcessDescriptorCache(capacity: 100, domain: domain, generation: generation)
      self.meter = meter
      blobs = LinkedBlobStore(
        repository: name,
        blobs: BlobStore(
          driver: driver, damage: nil,
          cache: DescriptorCaching(
            cache, driver, claimHolds: claimHolds, CacheMeter { event, number in meter.count(event, number) })))
    }

    func has(_ digest: Digest) async throws -> Bool { try await blobs.claim(digest) != nil }
  }

  /// What was counted.
  private final class Meter: Sendable {
    private let counts = Mutex<[CacheMeter.Event: UInt64]>([:])
    func count(_ event: CacheMeter.Event, _ number: UInt64) { counts.withLock { $0[event, default: 0] += number } }
    subscript(event: CacheMeter.Event) -> UInt64 { counts.withLock { $0[event] ?? 0 } }
  }

  private func link(_ host: Host) async throws {
    try await driver.put([1, 2, 3], at: StorageLayout.blobData(digest), durability: .process)
    try await host.blobs.link(digest)
  }

  @Test(arguments: [true, false])
  func `what was found is remembered, and nothing that was not`(isLocal: Bool) async throws {
    let driver: any StorageDriver = isLocal ? driver : HookedDriver(driver, concurrency: 8) { _ in }
    let counting = CountingDriver(driver)
    let host = Host(counting, name, domain: "host-1")
    #expect(try await !host.has(digest))
    try await link(host)
    #expect(try await host.has(digest))
    _ = counting.takeCounts()
    for _ in 0..<5 { #expect(try await host.has(digest)) }
    // A local disk is asked whether that still holds: for the link, and for the content.
    #expect(counting.takeCounts() == (isLocal ? ["stat": 10] : [:]))
    #expect(host.meter[.hits] == 5 && host.meter[.misses] == 2)
  }

  @Test func `what is unlinked is gone at once for all processes of the host`() async throws {
    let generation = CacheGeneration.ofThisProcess()
    let hosts = (0..<3).map { _ in Host(driver, name, domain: "host-1", generation) }
    for _ in 0..<3 {
      try await link(hosts[0])
      for host in hosts { #expect(try await host.has(digest)) }
      let start = ContinuousClock.now
      #expect(try await hosts[1].blobs.unlink(digest))
      for host in hosts { #expect(try await !host.has(digest)) }
      // Nobody else has a cache, so there is nobody to wait for.
      #expect(ContinuousClock.now - start < CachePermit.lease)
      #expect(try await !hosts[2].blobs.unlink(digest))
    }
  }

  @Test func `what is unlinked is gone for other hosts, too, and for those without a cache`() async throws {
    let first = Host(driver, name, domain: "host-1")
    let second = Host(driver, name, domain: "host-2")
    let plain = LinkedBlobStore(repository: name, blobs: BlobStore(driver: driver))
    for remover in [first.blobs, second.blobs, plain] {
      try await link(first)
      #expect(try await first.has(digest))
      #expect(try await second.has(digest))
      #expect(try await remover.unlink(digest))
      #expect(try await !first.has(digest))
      #expect(try await !second.has(digest))
    }
  }

  @Test func `what is found while a removal is under way is not remembered`() async throws {
    let first = Host(driver, name, domain: "host-1")
    let second = Host(driver, name, domain: "host-2")
    try await link(first)
    for host in [first, second] { #expect(try await host.has(digest)) }
    let isOver = Atomic(false)
    // They ask all the time, before, while and after.
    async let asking: Void = {
      while !isOver.load(ordering: .relaxed) {
        _ = try await first.has(digest)
        _ = try await second.has(digest)
        await Task.yield()
      }
    }()
    #expect(try await first.blobs.unlink(digest))
    #expect(try await !first.has(digest))
    #expect(try await !second.has(digest))
    isOver.store(true, ordering: .relaxed)
    try await asking
  }

  @Test func `what was seen before a removal is not remembered after it`() async throws {
    // Who has seen the link is held up until it is gone.
    let gate = Gate()
    let slow = HookedDriver(driver) { call in
      if call.name == "stat", call.path.string.contains("/blobs/") { await gate.pass() }
    }
    let generation = CacheGeneration.ofThisProcess()
    let late = Host(slow, name, domain: "host-1", generation)
    let other = Host(driver, name, domain: "host-1", generation)
    try await link(other)
    // Where the content is younger than the question, the link is looked at again.
    try await Task.sleep(for: .milliseconds(100))
    gate.close()
    async let seen = late.has(digest)
    await gate.arrival()
    #expect(try await other.blobs.unlink(digest))
    gate.open()
    #expect(try await seen)
    #expect(try await !late.has(digest))
    #expect(try await !other.has(digest))
  }

  @Test func `a repository's removal voids what is remembered of all that it had`() async throws {
    let caching = RegistryCaching(
      InProcessDescriptorCache(capacity: 100, domain: "host-1", generation: .ofThisProcess()), grace: .seconds(86400))
    let registry = Registry(driver: driver, caching: caching)
    let elsewhere = Host(driver, name, domain: "host-2")
    try await link(elsewhere)
    #expect(try await registry.repository(name).blobs.claim(digest) != nil)
    #expect(try await elsewhere.has(digest))
    #expect(try await RepositoryRemoval(of: Registry(driver: driver).repository(name)).run() != nil)
    #expect(try await registry.repository(name).blobs.claim(digest) == nil)
    #expect(try await !elsewhere.has(digest))
  }

  @Test func `a collection voids what caches know, so that they claim anew what they tell of`() async throws {
    let host = Host(driver, name, domain: "host-1")
    try await link(host)
    #expect(try await host.has(digest))
    var options = GarbageCollector.Options()
    options.grace = .zero
    try await Task.sleep(for: .milliseconds(300))
    let report = try await GarbageCollector(driver, options).run()
    #expect(report.blobs.removed == 1)
    #expect(try await !host.has(digest))
  }

  @Test func `what was claimed before a collection is not remembered once it has begun`() async throws {
    let meter = Meter()
    let caching = DescriptorCaching(
      InProcessDescriptorCache(capacity: 100, domain: "host-1", generation: .ofThisProcess()), driver,
      claimHolds: .seconds(600), CacheMeter { event, number in meter.count(event, number) })
    let blob = CachedBlob(size: 3, claimed: WallClock.now)
    for isVoided in [false, true] {
      // As a mount does, or the end of an upload.
      let intent = try #require(await caching.intend(digest, in: name))
      if isVoided { try await CacheInvalidation(driver, nil).voidAll() }
      caching.remember(blob, intent)
      let answer = try await caching.find([digest], in: name) { _ in
        []
      } recall: { _, _ in
        true
      } look: { _ throws(StorageError) in
        .init(found: false, blob: nil)
      }
      #expect(answer.found == [!isVoided])
    }
    #expect(meter[.hits] == 1 && meter[.misses] == 1)
  }

  @Test(arguments: [(Duration.seconds(80), true), (.zero, false)])
  func `what a cache may have told of is kept for the grace and for as long as claims hold`(
    holds: Duration, isKept: Bool
  ) async throws {
    let clock = StagedDriver.Clock()
    let staged = StagedDriver(driver, clock)
    let host = Host(staged, name, domain: "host-1")
    try await link(host)
    clock.passDay()
    var options = GarbageCollector.Options()
    options.grace = .seconds(86400 - 40)
    options.claimsHold = holds
    let report = try await GarbageCollector(staged, options).run()
    #expect(report.blobs.removed == (isKept ? 0 : 1))
  }

  @Test(arguments: [
    (Duration.seconds(86400), Duration.seconds(600)), (.seconds(80), .seconds(10)), (.zero, .zero),
    (.seconds(-5), .zero),
  ])
  func `claims hold for an eighth of the grace, and ten minutes at the most`(grace: Duration, holds: Duration) {
    #expect(RegistryCaching.claimHolds(for: grace) == holds)
  }

  @Test func `a claim that is too old is made again`() async throws {
    let counting = CountingDriver(driver)
    let host = Host(counting, name, domain: "host-1", claimHolds: .milliseconds(20))
    try await link(host)
    #expect(try await host.has(digest))
    try await Task.sleep(for: .milliseconds(30))
    _ = counting.takeCounts()
    #expect(try await host.has(digest))
    #expect(counting.takeCounts()["stat"] == 1)
  }

  @Test func `who removes something right after all was voided waits for those who don't know of that yet`()
    async throws
  {
    let host = Host(driver, name, domain: "host-1")
    let plain = LinkedBlobStore(repository: name, blobs: BlobStore(driver: driver))
    try await link(host)
    #expect(try await host.has(digest))
    try await CacheInvalidation(driver, nil).voidAllSoon()
    #expect(try await plain.unlink(digest))
    #expect(try await !host.has(digest))
  }

  @Test func `whatever else lies among the permits stands in nobody's way`() async throws {
    let host = Host(driver, name, domain: "host-1")
    try await link(host)
    #expect(try await host.has(digest))
    try await driver.put([1], at: StorageLayout.cachePermit("host-2") / "file", durability: .process)
    try await driver.put([1], at: StorageLayout.cachePermit("host-3"), durability: .process)
    try await CacheInvalidation(driver, nil).voidAll()
    #expect(try await host.has(digest))
    #expect(try await LinkedBlobStore(repository: name, blobs: BlobStore(driver: driver)).unlink(digest))
    #expect(try await !host.has(digest))
  }

  @Test func `links and FIFOs among the permits hold up no removal`() async throws {
    let folder = try TemporaryFolder()
    let driver = try FilesystemDriver(rootDirectory: folder.path, maxThreads: 25, accelPrefix: nil)
    let permits = folder.path + StorageLayout.cachePermits.string
    try FileManager.default.createDirectory(atPath: permits, withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: permits + "/link", withDestinationPath: "nowhere")
    try #require(mkfifo(permits + "/fifo", 0o666) == 0)
    let host = Host(driver, name, domain: "host-1")
    try await driver.put([1, 2, 3], at: StorageLayout.blobData(digest), durability: .process)
    try await host.blobs.link(digest)
    #expect(try await host.has(digest))
    try await CacheInvalidation(driver, nil).voidAll()
    #expect(try await driver.entries(of: StorageLayout.cachePermits).map(\.name) == ["host-1"])
    #expect(try await LinkedBlobStore(repository: name, blobs: BlobStore(driver: driver)).unlink(digest))
    #expect(try await !host.has(digest))
    #expect(try await RegistryCaching.sweepPermits(driver) == 0)
  }

  @Test func `where a permit can't be taken away, nothing is removed, and the others are given back`() async throws {
    let hosts = (0..<3).map { Host(driver, name, domain: "host-\($0)") }
    try await link(hosts[0])
    for host in hosts { #expect(try await host.has(digest)) }
    let puts = Mutex(0)
    let failing = HookedDriver(driver) { call throws(StorageError) in
      guard call.name == "put" else { return }
      if puts.withLock({ puts in
        puts += 1; return puts == 2
      }) {
        throw StorageError(.full, "put")
      }
    }
    let plain = LinkedBlobStore(repository: name, blobs: BlobStore(driver: failing))
    await #expect(throws: StorageError.self) { try await plain.unlink(digest) }
    for host in hosts {
      #expect(try await host.has(digest))
      let path = StorageLayout.cachePermit(host.domain)
      if case .closed = try await CachePermitFile.read(path, driver) { Issue.record("\(host.domain) is closed") }
    }
  }

  @Test(arguments: [MountSource.anywhere, .repository(RepositoryName("team/app")!)])
  func `what was remembered and has gone behind the registry's back is not mounted`(source: MountSource) async throws {
    let caching = RegistryCaching(
      InProcessDescriptorCache(capacity: 100, domain: "host-1", generation: .ofThisProcess()), grace: .seconds(86400))
    let folder = try TemporaryFolder()
    let driver = try FilesystemDriver(rootDirectory: folder.path, maxThreads: 25, accelPrefix: nil)
    let registry = Registry(driver: driver, caching: caching)
    try await driver.put([1, 2, 3], at: StorageLayout.blobData(digest), durability: .process)
    try await registry.repository(name).blobs.link(digest)
    let other = registry.repository(try #require(RepositoryName("team/other")))
    #expect(try await other.mount(digest, from: source))
    let third = registry.repository(try #require(RepositoryName("team/third")))
    try await driver.delete(StorageLayout.blobData(digest).parent, durability: .process)
    #expect(try await !third.mount(digest, from: source))
  }

  @Test func `two who remove at once with caches of their own leave nothing behind`() async throws {
    let hosts = (0..<3).map { Host(driver, name, domain: "host-\($0)") }
    let other = TestContent.digest([4])
    for _ in 0..<2 {
      try await link(hosts[0])
      try await driver.put([4], at: StorageLayout.blobData(other), durability: .process)
      try await hosts[0].blobs.link(other)
      for host in hosts {
        #expect(try await host.has(digest))
        #expect(try await host.has(other))
      }
      async let first = hosts[0].blobs.unlink(digest)
      async let second = hosts[1].blobs.unlink(other)
      #expect(try await (first, second) == (true, true))
      for host in hosts {
        #expect(try await !host.has(digest))
        #expect(try await !host.has(other))
      }
    }
    // And the domains are open again.
    try await link(hosts[2])
    for host in hosts {
      let hits = host.meter[.hits]
      while host.meter[.hits] == hits { #expect(try await host.has(digest)) }
    }
  }
}

/// Holds up who comes.
private final class Gate: Sendable {
  private let state = Mutex((isClosed: false, arrived: 0))

  func close() { state.withLock { $0.isClosed = true } }
  func open() { state.withLock { $0.isClosed = false } }

  func pass() async {
    state.withLock { $0.arrived += $0.isClosed ? 1 : 0 }
    while state.withLock({ $0.isClosed }) { try? await Task.sleep(for: .milliseconds(1)) }
  }

  func arrival() async {
    while state.withLock({ $0.arrived == 0 }) { try? await Task.sleep(for: .milliseconds(1)) }
  }
}
