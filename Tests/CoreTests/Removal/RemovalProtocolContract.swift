import Drivers
import Synchronization
import TestSupport
import Testing

@testable import Core

/// What both ways of removing files beside requests must keep.
@Suite(.ownThread) struct RemovalProtocolContract {
  enum Storage: String, CaseIterable, Sendable {
    case movingAside, announcing

    var driver: any StorageDriver {
      switch self {
      case .movingAside: InMemoryDriver()
      case .announcing: ObjectStoreDriver(.brief)
      }
    }
  }

  /// A content, and the removal protocol of the storage that it lies in.
  private struct Fixture {
    let driver: any StorageDriver
    let blobs: BlobStore
    let digest: Digest
    let data: StoragePath
    var removal: any RemovalProtocol { blobs.removal }

    init(_ storage: Storage, over wrap: (any StorageDriver) -> any StorageDriver = { $0 }) async throws {
      driver = wrap(storage.driver)
      blobs = BlobStore(driver: driver)
      digest = TestContent.digest(Array("content".utf8))
      data = StorageLayout.blobData(digest)
      try await driver.put(Array("content".utf8), at: data, durability: .process)
    }

    /// Removes the content unless it was written or claimed since a moment (nanoseconds since 1970).
    func remove(since cutoff: Int64, in run: RemovalRun = RemovalRun()) async throws -> RemovalOutcome {
      try await removal.announcing([data]) { window throws(StorageError) in
        try await removal.removeContent(data, window, in: run, since: cutoff)
      }
    }

    var isThere: Bool {
      get async throws { try await blobs.size(of: digest) != nil }
    }
  }

  @Test(arguments: Storage.allCases)
  func `content that was neither written nor claimed since the cutoff is removed, with its claim`(
    _ storage: Storage
  ) async throws {
    let fixture = try await Fixture(storage)
    #expect(try await fixture.blobs.claim(fixture.digest) == 7)
    #expect(try await fixture.remove(since: .max) == .removed)
    #expect(try await !fixture.isThere)
    #expect(try await fixture.driver.names(in: fixture.data.parent) == [])
    #expect(try await fixture.remove(since: .max) == .kept)
  }

  @Test(arguments: Storage.allCases)
  func `content that was claimed since the cutoff is kept, in its place`(_ storage: Storage) async throws {
    let fixture = try await Fixture(storage)
    #expect(try await fixture.blobs.claim(fixture.digest) == 7)
    #expect(try await fixture.remove(since: .min) == .kept)
    #expect(try await fixture.driver.content(at: fixture.data, limit: 100) == Array("content".utf8))
    #expect(try await fixture.removal.movedAside(from: fixture.data) == nil)
  }

  @Test(arguments: Storage.allCases, [true, false])
  func `the decision is asked about the file as it is, and is heeded`(_ storage: Storage, isWanted: Bool) async throws {
    let fixture = try await Fixture(storage)
    let outcome = try await fixture.removal.announcing([fixture.data]) { window throws(StorageError) in
      try await fixture.removal.remove(fixture.data, window, in: RemovalRun()) { place, modified throws(StorageError) in
        #expect(modified > 0)
        #expect(try await fixture.driver.content(at: place, limit: 100) == Array("content".utf8))
        return isWanted
      }
    }
    #expect(outcome == (isWanted ? .kept : .removed))
    #expect(try await fixture.isThere == isWanted)
  }

  @Test(arguments: Storage.allCases)
  func `a decision that fails leaves the file in its place`(_ storage: Storage) async throws {
    let fixture = try await Fixture(storage)
    let run = RemovalRun()
    for code in [StorageError.Code.unavailable, .notFound] {
      let error = await #expect(throws: StorageError.self) {
        try await fixture.removal.announcing([fixture.data]) { window throws(StorageError) in
          _ = try await fixture.removal.remove(fixture.data, window, in: run) { _, _ throws(StorageError) in
            throw StorageError(code, "look")
          }
        }
      }
      #expect(error?.code == code)
      #expect(try await fixture.driver.isThere(fixture.data))
    }
    #expect(!run.hasLeftAside)
  }

  @Test(arguments: Storage.allCases)
  func `a removal that fails leaves a content that requests find`(_ storage: Storage) async throws {
    let isFailing = Mutex(true)
    let fixture = try await Fixture(storage) { base in
      HookedDriver(base) { call throws(StorageError) in
        let isOfContent = call.path.string.contains("/blobs/")
        if call.name == "delete", isOfContent, isFailing.withLock({ $0 }) { throw StorageError(.unavailable, "delete") }
      }
    }
    await #expect(throws: StorageError.self) { _ = try await fixture.remove(since: .max) }
    #expect(try await fixture.isThere)
    isFailing.withLock { $0 = false }
    #expect(try await fixture.remove(since: .max) == .removed)
  }

  /// Each round a request claims the content while a collection removes it.
  @Test(arguments: Storage.allCases)
  func `what a request was told exists is not removed`(_ storage: Storage) async throws {
    for _ in 1...20 {
      let fixture = try await Fixture(storage)
      let now = WallClock.now
      async let claimed = fixture.blobs.claim(fixture.digest)
      let outcome = try await fixture.removal.announcing([fixture.data]) { window throws(StorageError) in
        try await fixture.removal.remove(fixture.data, window, in: RemovalRun()) {
          place, modified throws(StorageError) in
          // The content was put a moment ago: only a claim counts that was made after that.
          if let claim = fixture.removal.claimFile(of: fixture.data) { return try await fixture.driver.isThere(claim) }
          return modified > now
        }
      }
      let size = try await claimed
      #expect(size == nil || size == 7)
      if size != nil { #expect(outcome == .kept) }
      #expect(try await fixture.isThere == (outcome == .kept))
    }
  }

  @Test(arguments: Storage.allCases)
  func `a request waits only for a removal of its own file`(_ storage: Storage) async throws {
    let fixture = try await Fixture(storage)
    let other = StorageLayout.blobData(TestContent.digest(Array("other".utf8)))
    let waited = try await fixture.removal.announcing([fixture.data]) { _ throws(StorageError) in
      try await fixture.removal.awaitDecision(on: other)
    }
    #expect(!waited)
    #expect(try await !fixture.removal.awaitDecision(on: fixture.data))
  }

  @Test func `a file that a run left aside is restored by the next request, and known to a dry run`() async throws {
    let fixture = try await Fixture(.movingAside)
    let aside = StorageLayout.condemned(fixture.data, by: "dead")
    try await fixture.driver.move(fixture.data, to: aside, durability: .process)
    #expect(try await fixture.removal.movedAside(from: fixture.data) == aside)
    #expect(try await fixture.removal.restore(fixture.data))
    #expect(try await fixture.driver.isThere(fixture.data))
    #expect(try await fixture.removal.movedAside(from: fixture.data) == nil)
  }

  @Test(arguments: Storage.allCases)
  func `a run knows the storage's time, and whether one before it has ended`(_ storage: Storage) async throws {
    let fixture = try await Fixture(storage)
    let dry = try await fixture.removal.begin(RemovalRun(), isDryRun: true)
    #expect(!dry.isRecovering)
    #expect(try await !fixture.driver.isThere(StorageLayout.maintenance))
    let first = try await fixture.removal.begin(RemovalRun(), isDryRun: false)
    #expect(!first.isRecovering && first.now > 0)
    let second = try await fixture.removal.begin(RemovalRun(), isDryRun: false)
    #expect(second.isRecovering == (storage == .movingAside))
  }
}
