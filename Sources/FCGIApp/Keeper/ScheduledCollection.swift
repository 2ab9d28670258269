import Core
import Logging

/// A scheduled garbage collection: once per storage, however many hosts share it.
struct ScheduledCollection: Sendable {
  private let collector: GarbageCollector
  private let driver: any StorageDriver
  private let logger: Logger

  init(_ collector: GarbageCollector, _ driver: any StorageDriver, _ logger: Logger) {
    self.collector = collector
    self.driver = driver
    self.logger = logger
  }

  /// Collects, unless another host is collecting, or has done so within the interval. Ends when the task is cancelled.
  func run(every interval: Duration) async throws {
    let turn = try await MaintenanceTurn.perform(GarbageCollector.task, driver, every: interval) {
      () async throws(StorageError) in
      let report = try await collector.run()
      return (report, isComplete: !report.isInterrupted)
    }
    switch turn {
    case .running:
      logger.info("another collection is running on this storage")
    case .recent:
      logger.info("garbage has been collected by another host")
    case .done(let report):
      for line in report.text.split(separator: "\n") {
        report.problemCount > 0 ? logger.warning("\(line)") : logger.info("\(line)")
      }
      if report.isInterrupted { throw CancellationError() }
    }
  }
}
