import Core
import Logging

/// A garbage collection as the schedule has it: once for a storage, however many hosts share it.
struct ScheduledCollection: Sendable {
  private let collector: GarbageCollector
  private let driver: any StorageDriver
  private let logger: Logger

  init(_ collector: GarbageCollector, _ driver: any StorageDriver, _ logger: Logger) {
    self.collector = collector
    self.driver = driver
    self.logger = logger
  }

  /// Leaves it out where another host is at it, or has done it within the interval. Ends when the task is cancelled.
  func run(every interval: Duration) async throws {
    switch try await MaintenanceTurn.take(GarbageCollector.task, driver, every: interval) {
    case .running:
      logger.info("another collection is running on this storage")
    case .recent:
      logger.info("garbage has been collected by another host")
    case .turn(let turn):
      let report = try await collector.run()
      for line in report.text.split(separator: "\n") {
        report.problemCount > 0 ? logger.warning("\(line)") : logger.info("\(line)")
      }
      guard !report.isInterrupted else { throw CancellationError() }
      try await turn.finish()
    }
  }
}
