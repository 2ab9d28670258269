import Drivers
import Foundation
import TestSupport
import Testing

@testable import Core

/// The registry's own notes: one that can't be understood, whatever is in its place, counts as absent and is written
/// anew.
@Suite(.ownThread) struct StateFileTests {
  private let folder: TemporaryFolder
  private let driver: FilesystemDriver
  private let name: RepositoryName

  init() throws {
    folder = try TemporaryFolder()
    driver = try FilesystemDriver(rootDirectory: folder.path, maxThreads: 25, accelPrefix: nil)
    name = try #require(RepositoryName("team/app"))
  }

  /// What may be in the place of a file.
  enum Oddity: CaseIterable, Sendable {
    case torn, tooLong, directory, link, fifo

    func make(_ file: String) throws {
      let files = FileManager.default
      try files.createDirectory(
        atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      if files.fileExists(atPath: file) { try files.removeItem(atPath: file) }
      switch self {
      case .torn: try Data("20".utf8).write(to: URL(fileURLWithPath: file))
      case .tooLong: try Data(count: 100_000).write(to: URL(fileURLWithPath: file))
      case .directory: try files.createDirectory(atPath: file + "/below", withIntermediateDirectories: true)
      case .link: try files.createSymbolicLink(atPath: file, withDestinationPath: "nowhere")
      case .fifo: try #require(mkfifo(file, 0o666) == 0)
      }
    }
  }

  private func make(_ oddity: Oddity, at path: StoragePath) throws { try oddity.make(folder.path + path.string) }

  @Test(arguments: Oddity.allCases)
  func `a file is read as absent, and replaced`(oddity: Oddity) async throws {
    let path = StorageLayout.maintenance / "note"
    try make(oddity, at: path)
    let found = try await driver.state(at: path, limit: 10)
    #expect(found == (oddity == .torn ? Array("20".utf8) : nil))
    #expect(try await driver.stateNames(in: path) == (oddity == .directory ? ["below"] : []))
    try await driver.putState([1, 2], at: path)
    #expect(try await driver.state(at: path, limit: 10) == [1, 2])
    try await driver.delete(path, durability: .process)
    #expect(try await driver.state(at: path, limit: 10) == nil)
    #expect(try await driver.stateNames(in: path) == [])
    #expect(try await driver.stateEntry(path) == nil)
  }

  @Test(arguments: Oddity.allCases)
  func `a record of a task holds up no run, and is made again`(oddity: Oddity) async throws {
    try make(oddity, at: StorageLayout.maintenanceRecord("task"))
    for isFirst in [true, false] {
      let turn = try await MaintenanceTurn.perform("task", driver, every: .seconds(3600)) {
        () async throws(StorageError) in ((), isComplete: true)
      }
      switch turn {
      case .done: #expect(isFirst)
      case .recent: #expect(!isFirst)
      case .running: Issue.record("no turn")
      }
    }
  }

  @Test(arguments: Oddity.allCases)
  func `a checkpoint keeps no verification from beginning, and is made again`(oddity: Oddity) async throws {
    let path = StorageLayout.maintenance / "verify.checkpoint"
    try make(oddity, at: path)
    #expect(try await VerificationCheckpoint.load(driver) == nil)
    let checkpoint = VerificationCheckpoint(position: StorageLayout.blobs, tally: VerificationTally())
    try await checkpoint.store(driver)
    #expect(try await VerificationCheckpoint.load(driver) == checkpoint)
  }

  @Test(arguments: Oddity.allCases)
  func `a note of a collection keeps no other from beginning`(oddity: Oddity) async throws {
    try make(oddity, at: StorageLayout.collection)
    let report = try await GarbageCollector(driver, GarbageCollector.Options()).run()
    #expect(report.problemCount == 0 && !report.isInterrupted)
  }

  @Test(arguments: Oddity.allCases, [true, false])
  func `a hash that can't be read costs reading back what it covers`(oddity: Oddity, isDirectory: Bool) async throws {
    let id = UploadID()
    let states = UploadHashStates(driver, name, id)
    var hasher = ContentHasher(.sha256)
    hasher.update(([1, 2, 3] as [UInt8]).span.bytes)
    try await states.store(hasher)
    #expect(try await states.latest(nil, size: 3).count == 3)
    let directory = StorageLayout.uploadHashStates(name, id, .sha256)
    try make(oddity, at: isDirectory ? directory : directory / "3")
    #expect(try await states.latest(nil, size: 3).count == 0)
    #expect(try await states.latest(.sha256, size: 5).count == 0)
    try await states.forget(beyond: 1)
  }

  @Test(arguments: Oddity.allCases, [true, false])
  func `an upload is listed and purged, whatever it consists of`(oddity: Oddity, isStart: Bool) async throws {
    let id = UploadID()
    let started = StorageLayout.uploadStartedAt(name, id)
    try await driver.put(Array("2001-01-02T03:04:05Z".utf8), at: started, durability: .process)
    try make(oddity, at: isStart ? started : StorageLayout.uploadData(name, id))
    var listed: [UploadID] = []
    try await Registry(driver: driver).forEachUpload { upload in
      listed.append(upload.id)
    } failed: { path, error in
      Issue.record("\(path): \(error)")
    }
    // A link or a FIFO has no time of its own that counts.
    #expect(listed == (isStart && [.link, .fifo].contains(oddity) ? [] : [id]))
    let purge = UploadPurge(driver: driver, age: .seconds(3600), dryRun: false)
    let outcome = try await purge.run(now: WallClock.now + 86_400_000_000_000) { _ in }
    #expect(outcome.purged == 1 && outcome.failed == 0, "\(outcome)")
    #expect(try await driver.stateEntry(StorageLayout.upload(name, id)) == nil)
  }
}
