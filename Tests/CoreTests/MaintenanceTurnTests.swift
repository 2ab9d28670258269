import Drivers
import Foundation
import TestSupport
import Testing

@testable import Core

@Suite struct MaintenanceTurnTests {
  private let folder: TemporaryFolder
  /// Two hosts.
  private let first: FilesystemDriver
  private let second: FilesystemDriver

  init() throws {
    folder = try TemporaryFolder()
    first = try FilesystemDriver(rootDirectory: folder.path, maxThreads: 100, accelPrefix: nil)
    second = try FilesystemDriver(rootDirectory: folder.path, maxThreads: 100, accelPrefix: nil)
  }

  private static let hour: Int64 = 3_600_000_000_000
  private static let now: Int64 = 1_767_323_045_000_000_000

  private enum Outcome: Equatable { case turn, running, recent }

  /// A turn of a schedule, in which `work` is done.
  private func outcome(
    _ driver: any StorageDriver, every interval: Duration? = .seconds(3600), now: Int64 = MaintenanceTurnTests.now,
    isComplete: Bool = false, _ work: () async throws -> Void = {}
  ) async throws -> Outcome {
    let turn = try await MaintenanceTurn.perform("task", driver, every: interval, now: now) {
      () async throws(StorageError) in
      do {
        try await work()
      } catch {
        throw StorageError(.failed, "work", cause: "\(error)")
      }
      return ((), isComplete: isComplete)
    }
    return switch turn {
    case .done: .turn
    case .running: .running
    case .recent: .recent
    }
  }

  private func complete(_ driver: any StorageDriver) async throws {
    #expect(try await outcome(driver, every: nil, isComplete: true) == .turn)
  }

  @Test func `one of two hosts has the turn, and another task is another turn`() async throws {
    let first = try await outcome(first) {
      #expect(try await outcome(second) == .running)
      #expect(try await outcome(second, every: nil) == .running)
      let other = try await MaintenanceTurn.perform("other", second) { () async throws(StorageError) in ((), true) }
      guard case .done = other else {
        Issue.record("the other task is held up")
        return
      }
    }
    #expect(first == .turn)
    #expect(try await outcome(second, every: nil) == .turn)
  }

  @Test func `a turn ends with what was done in it, however that ends`() async throws {
    for isCancelled in [false, true] {
      let run = Task {
        try await outcome(first) {
          if isCancelled { withUnsafeCurrentTask { $0?.cancel() } }
          throw CancellationError()
        }
      }
      await #expect(throws: StorageError.self) { try await run.value }
      #expect(try await first.names(in: StorageLayout.maintenance) == [])
      #expect(try await outcome(second) == .turn)
    }
  }

  @Test func `a run that came to its end is not repeated within nine tenths of the interval, on any host`() async throws
  {
    try await complete(first)
    let begin = Self.now
    for (after, expected) in [(0, Outcome.recent), (53, .recent), (55, .turn)] as [(Int64, Outcome)] {
      #expect(try await outcome(second, now: begin + after * Self.hour / 60) == expected, "after \(after) minutes")
      #expect(try await outcome(first, now: begin + after * Self.hour / 60) == expected, "after \(after) minutes")
    }
    #expect(try await outcome(second, every: nil) == .turn, "an operator who wants it now need not wait")
    let turn = try await MaintenanceTurn.perform("task", second, every: .seconds(60), now: begin) {
      () async throws(StorageError) in ((), true)
    }
    guard case .recent(let began) = turn else {
      Issue.record("not recent")
      return
    }
    #expect(began == begin)
  }

  @Test func `a run that broke off is made up for by whoever comes next`() async throws {
    #expect(try await outcome(first) == .turn)
    #expect(try await outcome(second) == .turn)
  }

  @Test(.timeLimit(.minutes(5)))
  func `a process that died while it had the turn holds up nobody`() async throws {
    let lock = folder.path + StorageLayout.maintenanceLock("task").string
    let log = folder / "log"
    let process = try ChildProcess(
      [
        "/bin/sh", "-c",
        "mkdir -p \"$(dirname '\(lock)')\"; exec flock --no-fork '\(lock)' sh -c 'echo held; exec sleep 1000'",
      ], log: log)
    while try String(contentsOfFile: log, encoding: .utf8) != "held\n" {
      try #require(process.isRunning)
    }
    #expect(try await outcome(first) == .running)
    process.stop(signal: 9)
    while try await outcome(second) == .running {}
    #expect(try await outcome(second) == .turn)
  }

  @Test(
    "a record that is torn, or of a clock that was wrong, holds up no run",
    arguments: [
      "", "2026-01-02T03:", "nothing", "2026-01-02T04:59:00Z", "2526-01-02T03:04:05Z", "1526-01-02T03:04:05Z",
      String(repeating: "x", count: 200),
    ])
  func wrongRecord(text: String) async throws {
    try await first.put(Array(text.utf8), at: StorageLayout.maintenanceRecord("task"), durability: .process)
    #expect(try await outcome(second) == .turn)
  }

  @Test func `a host whose clock is some minutes behind does not repeat a run`() async throws {
    try await complete(first)
    #expect(try await outcome(second, now: Self.now - Self.hour / 2) == .recent)
  }

  @Test func `a run leaves its record and nothing else`() async throws {
    try await complete(first)
    #expect(try await first.list(StorageLayout.maintenance) == ["task.last"])
    #expect(
      try await first.content(at: StorageLayout.maintenanceRecord("task"), limit: 100)
        == Array("2026-01-02T03:04:05Z".utf8))
  }
}
