import Drivers
import Foundation
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Core

@Suite struct UploadPurgerTests {
  private let driver = InMemoryDriver()
  private let name: RepositoryName

  init() throws {
    name = try #require(RepositoryName("library/alpine"))
  }

  private static let day: Int64 = 86_400_000_000_000

  private func purger(dryRun: Bool = false, over driver: (any StorageDriver)? = nil) -> UploadPurger {
    UploadPurger(
      driver: driver ?? self.driver, age: .seconds(7 * 86_400), dryRun: dryRun,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  private func makeUpload(startedAt: String) async throws -> UploadID {
    let id = UploadID()
    try await driver.put(
      Array(startedAt.utf8), at: StorageLayout.uploadStartedAt(name, id), durability: .process)
    return id
  }

  private func exists(_ id: UploadID) async -> Bool {
    (try? await driver.stat(StorageLayout.upload(name, id))) != nil
  }

  @Test func `only an upload that is older than the age goes, and nothing beside it`() async throws {
    let started = try #require(RFC3339.nanoseconds("2026-01-02T03:04:05Z"))
    let old = try await makeUpload(startedAt: "2026-01-02T03:04:05Z")
    let young = try await makeUpload(startedAt: "2026-01-08T03:04:05Z")
    let tag = StorageLayout.tags(name) / "_uploads"
    try await driver.put([1], at: tag, durability: .process)
    let outcome = try await purger().run(now: started + 8 * Self.day)
    #expect(outcome == UploadPurge.Outcome(seen: 2, purged: 1))
    #expect(await !exists(old))
    #expect(await exists(young))
    #expect(try await driver.content(at: tag, limit: 10) == [1])
  }

  @Test func `an upload that is being written is alive, however long ago it was begun`() async throws {
    let id = try await makeUpload(startedAt: "2001-01-02T03:04:05Z")
    try await driver.put([1], at: StorageLayout.uploadData(name, id), durability: .process)
    let written = try await driver.stat(StorageLayout.uploadData(name, id)).modified
    #expect(try await purger().run(now: written + Self.day).purged == 0)
    #expect(await exists(id))
    #expect(try await purger().run(now: written + 8 * Self.day).purged == 1)
    #expect(await !exists(id))
  }

  @Test func `a torn start time counts as when it was written`() async throws {
    let id = try await makeUpload(startedAt: "2026-")
    let written = try await driver.stat(StorageLayout.uploadStartedAt(name, id)).modified
    #expect(try await purger().run(now: written + Self.day).purged == 0)
    #expect(try await purger().run(now: written + 8 * Self.day).purged == 1)
  }

  @Test func `a dry run removes nothing, and an empty registry is no error`() async throws {
    #expect(try await purger().run(now: 0) == UploadPurge.Outcome())
    let id = try await makeUpload(startedAt: "2001-01-02T03:04:05Z")
    let later = try #require(RFC3339.nanoseconds("2002-01-02T03:04:05Z"))
    #expect(try await purger(dryRun: true).run(now: later).purged == 1)
    #expect(await exists(id))
  }

  @Test func `an upload of which only hash states are left, or nothing, goes by the age of its directory`() async throws
  {
    let states = UploadID()
    try await UploadHashStates(driver, name, states).store(ContentHasher(.sha512))
    let nothing = UploadID()
    try await driver.put([], at: StorageLayout.uploadData(name, nothing), durability: .process)
    try await driver.delete(StorageLayout.uploadData(name, nothing), durability: .process)
    let now = WallClock.now
    #expect(try await purger().run(now: now + Self.day) == UploadPurge.Outcome(seen: 2, purged: 0))
    #expect(try await driver.list(StorageLayout.upload(name, nothing)) == [], "looking makes nothing")
    #expect(try await purger().run(now: now + 8 * Self.day) == UploadPurge.Outcome(seen: 2, purged: 2))
    #expect(await !exists(states))
    #expect(await !exists(nothing))
  }

  @Test func `an upload that a request has open is left, and is purged once it is let go of`() async throws {
    let id = try await makeUpload(startedAt: "2001-01-02T03:04:05Z")
    let data = StorageLayout.uploadData(name, id)
    let later = WallClock.now + 30 * Self.day
    let writer = try await driver.writer(at: data, appending: true)
    #expect(try await purger().run(now: later) == UploadPurge.Outcome(seen: 1, purged: 0))
    #expect(await exists(id))
    // It is still whole: what was verified meanwhile is committed.
    let blob = StorageLayout.blobData(TestContent.digest([1]))
    try await writer.write(([1] as [UInt8]).span.bytes)
    try await writer.commit(to: blob)
    #expect(try await driver.content(at: blob, limit: 10) == [1])
    #expect(try await purger().run(now: later) == UploadPurge.Outcome(seen: 1, purged: 1))
    #expect(await !exists(id))
  }

  @Test func `nobody can open an upload while it is being purged`() async throws {
    let id = try await makeUpload(startedAt: "2001-01-02T03:04:05Z")
    let data = StorageLayout.uploadData(name, id)
    try await driver.put([1, 2, 3], at: data, durability: .process)
    let refusals = Atomic<Int>(0)
    let upload = StorageLayout.upload(name, id)
    let hooked = HookedDriver(driver) { [driver] call async throws(StorageError) in
      guard call.name == "delete", call.path == upload else { return }
      do throws(StorageError) {
        _ = try await driver.writer(at: data, appending: true)
      } catch  where error.code == .busy {
        refusals.add(1, ordering: .relaxed)
      }
    }
    #expect(try await purger(over: hooked).run(now: WallClock.now + 30 * Self.day).purged == 1)
    #expect(refusals.load(ordering: .relaxed) == 1)
    #expect(await !exists(id))
  }

  @Test func `an upload that receives a byte between the look and the lock stays`() async throws {
    let id = try await makeUpload(startedAt: "2001-01-02T03:04:05Z")
    let data = StorageLayout.uploadData(name, id)
    let hooked = HookedDriver(driver) { [driver] call async throws(StorageError) in
      guard call.name == "writer" else { return }
      let writer = try await driver.writer(at: call.path, appending: true)
      try await writer.write(([7] as [UInt8]).span.bytes)
      try await writer.close()
    }
    let now = WallClock.now + Self.day
    #expect(try await purger(over: hooked).run(now: now) == UploadPurge.Outcome(seen: 1, purged: 0))
    #expect(try await driver.content(at: data, limit: 10) == [7])
  }

  @Test func `what fails in one repository leaves the others to be purged`() async throws {
    let failing = try #require(RepositoryName("library/a"))
    let old = "2001-01-02T03:04:05Z"
    let unreadable = UploadID()
    try await driver.put(
      Array(old.utf8), at: StorageLayout.uploadStartedAt(failing, unreadable), durability: .process)
    let good = try await makeUpload(startedAt: old)
    let stuck = try await makeUpload(startedAt: old)
    let hidden = StorageLayout.repositories / "library" / "locked"
    try await driver.put([], at: hidden / "_layers" / "x", durability: .process)
    let (failingUploads, stuckUpload) = (StorageLayout.uploads(failing), StorageLayout.upload(name, stuck))
    let hooked = HookedDriver(driver) { call async throws(StorageError) in
      if call.name == "list", call.path == failingUploads || call.path == hidden {
        throw StorageError(.failed, "list \(call.path)", cause: "Input/output error")
      }
      if call.name == "delete", call.path == stuckUpload { throw StorageError(.denied, "delete \(call.path)") }
    }
    let now = WallClock.now
    #expect(
      try await purger(over: hooked).run(now: now) == UploadPurge.Outcome(seen: 2, purged: 1, failed: 3))
    #expect(await !exists(good))
    #expect(await exists(stuck))
    #expect(try await purger().run(now: now + 8 * Self.day) == UploadPurge.Outcome(seen: 2, purged: 2))
  }

  @Test func `an empty directory of uploads goes with the repository that nothing was ever pushed to`() async throws {
    let other = try #require(RepositoryName("library/alpine/used"))
    try await driver.put([], at: StorageLayout.repository(other) / "_layers" / "x", durability: .process)
    let id = try await makeUpload(startedAt: "2001-01-02T03:04:05Z")
    let now = WallClock.now
    #expect(try await purger().run(now: now).purged == 1)
    #expect(try await driver.list(StorageLayout.uploads(name)) == [], "it is young")
    #expect(await !exists(id))
    try await purger(dryRun: true).run(now: now + 8 * Self.day)
    #expect(try await driver.list(StorageLayout.uploads(name)) == [])
    try await purger().run(now: now + 8 * Self.day)
    #expect(try await driver.list(StorageLayout.repository(name)) == ["used"])
    #expect(try await driver.list(StorageLayout.repository(other)) == ["_layers"])
  }

  @Test func `two hosts purge once in an interval`() async throws {
    let now = try #require(RFC3339.nanoseconds("2026-01-02T03:04:05Z"))
    let (first, second) = (purger(), purger())
    #expect(try await first.runInTurn(every: .seconds(3600), now: now) == UploadPurge.Outcome())
    #expect(try await second.runInTurn(every: .seconds(3600), now: now) == nil)
    #expect(try await second.runInTurn(every: .seconds(3600), now: now + Self.day) != nil)
  }

  @Test func `a run that is cancelled ends before the next upload, and does not count as one`() async throws {
    let ids = try await [0, 1, 2].asyncMap { _ in try await makeUpload(startedAt: "2001-01-02T03:04:05Z") }
    let hooked = HookedDriver(driver) { call async throws(StorageError) in
      if call.name == "writer", call.path.lastComponent == "data" { withUnsafeCurrentTask { $0?.cancel() } }
    }
    let purger = purger(over: hooked)
    let run = Task { try await purger.runInTurn(every: .seconds(3600)) }
    await #expect(throws: StorageError.self) { try await run.value }
    var left = 0
    for id in ids where await exists(id) { left += 1 }
    #expect(left == 2)
    #expect(try await self.purger().runInTurn(every: .seconds(3600))?.purged == 2)
  }
}

extension Sequence {
  fileprivate func asyncMap<Result>(_ transform: (Element) async throws -> Result) async rethrows -> [Result] {
    var results: [Result] = []
    for element in self { results.append(try await transform(element)) }
    return results
  }
}
