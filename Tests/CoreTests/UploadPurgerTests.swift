import Drivers
import Foundation
import Logging
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

  private func purger(dryRun: Bool = false) -> UploadPurger {
    UploadPurger(
      driver: driver, age: .seconds(7 * 86_400), dryRun: dryRun,
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
    #expect(outcome == UploadPurger.Outcome(seen: 2, purged: 1))
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
    #expect(try await purger().run(now: 0) == UploadPurger.Outcome())
    let id = try await makeUpload(startedAt: "2001-01-02T03:04:05Z")
    let later = try #require(RFC3339.nanoseconds("2002-01-02T03:04:05Z"))
    #expect(try await purger(dryRun: true).run(now: later).purged == 1)
    #expect(await exists(id))
  }
}
