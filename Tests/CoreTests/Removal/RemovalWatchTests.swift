import Drivers
import Synchronization
import TestSupport
import Testing

@testable import Core

/// Those who announce removals, and those who look for that.
@Suite(.ownThread) struct RemovalWatchTests {
  private let store = ObjectStoreDriver(resolution: 1)

  private func timing(_ change: (inout RemovalTiming) -> Void = { _ in }) -> RemovalTiming {
    var timing = RemovalTiming.brief
    change(&timing)
    return timing
  }

  private func path(_ name: String) throws -> StoragePath { try #require(StoragePath("/blobs/\(name)")) }

  /// Counts calls, so that a test can wait for them.
  private final class Calls: Sendable {
    private let count = Mutex(0)
    var number: Int { count.withLock { $0 } }
    func add() { count.withLock { $0 += 1 } }
    func reach(_ target: Int) async {
      while number < target { try? await Task.sleep(for: .milliseconds(1)) }
    }
  }

  /// Counts how often it is read what was announced.
  private func counting(_ reads: Calls) -> HookedDriver {
    HookedDriver(store) { call throws(StorageError) in if call.path == StorageLayout.removalChange { reads.add() } }
  }

  @Test func `who wants what is announced waits until that is over, and nobody else does`() async throws {
    let reads = Calls()
    let watch = RemovalWatch(counting(reads), timing { $0.lease = .zero })
    let (gone, other) = (try path("gone"), try path("other"))
    try await store.put([1], at: gone, durability: .process)
    let waiting = try await store.removalProtocol.announcing([gone]) { window throws(StorageError) in
      #expect(try await !watch.awaitRemoval(of: other))
      let waiting = Task { [store] in
        let hadToWait = try await watch.awaitRemoval(of: gone)
        #expect(hadToWait)
        #expect(try await !store.isThere(gone))
      }
      // The first time for the other path, the second time for this one, and then while it waits.
      await reads.reach(4)
      #expect(try await window.remove(gone, store))
      return waiting
    }
    try await waiting.value
    #expect(try await !watch.awaitRemoval(of: gone))
    #expect(try await store.names(in: StorageLayout.removalNotices) == [])
  }

  @Test func `what was read holds for a lease, and is then read again`() async throws {
    let reads = Calls()
    let driver = counting(reads)
    let long = RemovalWatch(
      driver,
      timing {
        $0.lease = .seconds(60)
        $0.renewal = .seconds(50)
      })
    for _ in 0..<10 { #expect(try await !long.awaitRemoval(of: path("a"))) }
    #expect(reads.number == 1)
    let short = RemovalWatch(driver, timing { $0.lease = .zero })
    for _ in 0..<10 { #expect(try await !short.awaitRemoval(of: path("a"))) }
    #expect(reads.number == 11)
  }

  @Test func `a notice that a dead process left expires where the storage tells no times, too`() async throws {
    let left = StorageLayout.removalNotices / "left"
    let gone = try path("gone")
    let content = RemovalNotice.content([gone])
    try await store.put(content, at: left, durability: .process)
    try await store.put([1], at: StorageLayout.removalChange, durability: .process)
    // It is as young as can be whenever it is looked at.
    let driver = HookedDriver(store) { [store] call throws(StorageError) in
      if call.name == "stat", call.path == left { try await store.put(content, at: left, durability: .process) }
    }
    let timing = timing {
      $0.expiry = .milliseconds(200)
      $0.patience = .zero
    }
    let watch = RemovalWatch(driver, timing)
    let begin = ContinuousClock.now
    await #expect(throws: StorageError.self) { _ = try await watch.awaitRemoval(of: gone) }
    _ = try await Eventually.value("end of the notice") { try? await watch.awaitRemoval(of: gone) }
    #expect(ContinuousClock.now - begin >= timing.expiry)
  }

  @Test func `nothing is listed as long as no notice comes or goes`() async throws {
    let lists = Mutex(0)
    let driver = HookedDriver(store) { call throws(StorageError) in
      if call.name == "list" { lists.withLock { $0 += 1 } }
    }
    let watch = RemovalWatch(driver, timing { $0.lease = .zero })
    for _ in 0..<3 { #expect(try await !watch.awaitRemoval(of: path("a"))) }
    #expect(lists.withLock { $0 } == 0)
    try await store.removalProtocol.announcing([path("b")]) { _ throws(StorageError) in
      for _ in 0..<3 { #expect(try await !watch.awaitRemoval(of: StorageLayout.root)) }
    }
    #expect(lists.withLock { $0 } == 1)
    for _ in 0..<3 { #expect(try await !watch.awaitRemoval(of: path("b"))) }
    #expect(lists.withLock { $0 } == 2)
  }

  @Test func `a read that takes longer than the lease is good for who began it`() async throws {
    let driver = HookedDriver(store) { call throws(StorageError) in
      if call.path == StorageLayout.removalChange { do { try await Task.sleep(for: .milliseconds(20)) } catch {} }
    }
    let watch = RemovalWatch(driver, timing { $0.lease = .milliseconds(5) })
    #expect(try await !watch.awaitRemoval(of: path("a")))
  }

  @Test func `whoever removes waits until nobody goes by what was read before`() async throws {
    let watch = RemovalWatch(
      store,
      timing {
        $0.lease = .milliseconds(200)
        $0.renewal = .milliseconds(150)
      })
    let store = ObjectStoreDriver(
      timing {
        $0.lease = .milliseconds(200)
        $0.margin = .milliseconds(10)
      }, resolution: 1)
    #expect(try await !watch.awaitRemoval(of: path("a")))
    let begin = ContinuousClock.now
    try await store.removalProtocol.announcing([path("a")]) { _ in }
    #expect(ContinuousClock.now - begin >= .milliseconds(210))
  }

  @Test func `the notice of a process that died counts for nothing once it is old, and no sooner`() async throws {
    let path = try path("a")
    let notice = StorageLayout.removalNotices / "dead"
    try await store.put(RemovalNotice.content([path]), at: notice, durability: .process)
    try await store.put([1], at: StorageLayout.removalChange, durability: .process)
    let young = timing {
      $0.patience = .milliseconds(5)
      $0.expiry = .seconds(60)
    }
    let watch = RemovalWatch(store, young)
    for watch in [watch, watch, RemovalWatch(store, young)] {
      await #expect { try await watch.awaitRemoval(of: path) } throws: { ($0 as? StorageError)?.code == .unavailable }
    }
    try await RemovalAnnouncer(store, .brief).removeExpired(now: store.stat(notice).modified + 599_000_000_000)
    #expect(try await store.isThere(notice))
    // Each process finds out for itself, however young it is.
    for _ in 0..<2 {
      let watch = RemovalWatch(store, timing { $0.expiry = .nanoseconds(1) })
      for _ in 0..<2 { #expect(try await !watch.awaitRemoval(of: path)) }
    }
    try await RemovalAnnouncer(store, .brief).removeExpired(now: store.stat(notice).modified + 601_000_000_000)
    #expect(try await !store.isThere(notice))
    #expect(try await !watch.awaitRemoval(of: path))
  }

  @Test func `a notice that was withdrawn by one who then died is over`() async throws {
    let path = try path("a")
    let notice = StorageLayout.removalNotices / "dead"
    try await store.put(RemovalNotice.content([path]), at: notice, durability: .process)
    try await store.put([1], at: StorageLayout.removalChange, durability: .process)
    let watch = RemovalWatch(store, timing { $0.patience = .milliseconds(5) })
    await #expect(throws: StorageError.self) { try await watch.awaitRemoval(of: path) }
    try await store.delete(notice, durability: .process)
    #expect(try await !watch.awaitRemoval(of: path))
  }

  @Test(arguments: ["", "removals 2\n/a\n", "removals 1\n/a", "removals 1\nnot a path\n", "\u{0}"])
  func `a notice that can't be read covers everything`(content: String) async throws {
    #expect(RemovalNotice("x", Array(content.utf8)).covers(try path("a")))
  }

  @Test func `a notice covers the paths in it`() throws {
    let (a, b, c) = (try path("a"), try path("b"), try path("c"))
    let notice = RemovalNotice("x", RemovalNotice.content([a, b]))
    #expect(notice.covers(a) && notice.covers(b))
    #expect(!notice.covers(c) && !notice.covers(a.parent))
  }

  @Test func `a window closes, and what is not known to be removed keeps the notice`() async throws {
    let failing = HookedDriver(store) { call throws(StorageError) in
      if call.name == "delete", call.path.lastComponent == "a" { throw StorageError(.unavailable, "delete") }
    }
    try await store.put([1], at: path("a"), durability: .process)
    let path = try path("a")
    await #expect(throws: StorageError.self) {
      try await failing.removalProtocol.announcing([path]) { window throws(StorageError) in
        #expect(window.isOpen)
        _ = try await window.remove(path, failing)
      }
    }
    #expect(try await store.names(in: StorageLayout.removalNotices).count == 1)
    let brief = ObjectStoreDriver(timing { $0.life = .milliseconds(10) })
    try await brief.removalProtocol.announcing([path]) { window throws(StorageError) in
      do { try await Task.sleep(for: .milliseconds(10)) } catch {}
      #expect(!window.isOpen)
    }
    try await InMemoryDriver().removalProtocol.announcing([path]) { window throws(StorageError) in
      #expect(window.isOpen)
    }
  }

  @Test func `a claim is made once in an interval, and anew where it may be gone`() async throws {
    let puts = Calls()
    let reads = Calls()
    var timing = RemovalTiming.brief
    // Longer than a busy machine takes for the test.
    timing.claimInterval = .seconds(3600)
    let store = ObjectStoreDriver(timing)
    let driver = HookedDriver(store) { call throws(StorageError) in
      if call.name == "put", call.path.lastComponent == "claimed" { puts.add() }
      if call.path == StorageLayout.removalChange { reads.add() }
    }
    let blobs = BlobStore(driver: driver)
    let content = Array("content".utf8)
    let digest = TestContent.digest(content)
    #expect(try await blobs.claim(digest) == nil)
    #expect(puts.number == 0)
    try await blobs.put(content, digest: digest)
    for _ in 0..<3 { #expect(try await blobs.claim(digest) == 7) }
    #expect(puts.number == 1)
    #expect(try await blobs.claimInStorage(digest)?.isNew == false)
    let waiting = try await store.removalProtocol.announcing([StorageLayout.blobData(digest)]) {
      _ throws(StorageError) in
      let before = reads.number
      let waiting = Task { try await blobs.claim(digest) }
      await reads.reach(before + 2)
      return waiting
    }
    #expect(try await waiting.value == 7)
    #expect(puts.number == 2)
    #expect(try await BlobStore(driver: driver).claim(digest) == 7)
    #expect(puts.number == 3)
  }
}
