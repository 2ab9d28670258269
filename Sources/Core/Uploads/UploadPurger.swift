public import Logging

/// Purges abandoned uploads as the schedule has it (`storage.maintenance.uploadpurging`).
public struct UploadPurger: Sendable {
  private let driver: any StorageDriver
  private let purge: UploadPurge
  private let dryRun: Bool
  private let logger: Logger

  /// - Parameters:
  ///   - age: how long ago an upload must have been begun, and have received its last byte.
  ///   - dryRun: log what would be removed, and remove nothing.
  public init(driver: any StorageDriver, age: Duration, dryRun: Bool, logger: Logger) {
    self.driver = driver
    purge = UploadPurge(driver: driver, age: age, dryRun: dryRun)
    self.dryRun = dryRun
    self.logger = logger
  }

  /// The name of the task for all hosts that share the storage.
  static let task = "upload-purging"

  /// A run as the schedule has it: left out where another host is at it, or has done it within the interval.
  /// - Parameter now: nanoseconds since 1970.
  @discardableResult
  public func runInTurn(
    every interval: Duration, now: Int64 = WallClock.now
  ) async throws(StorageError) -> UploadPurge.Outcome? {
    let turn = try await MaintenanceTurn.perform(UploadPurger.task, driver, every: interval, now: now) {
      () async throws(StorageError) in (try await run(now: now), isComplete: true)
    }
    switch turn {
    case .running:
      logger.info("another host is removing abandoned uploads")
      return nil
    case .recent(let began):
      let time = RFC3339.text(secondsSince1970: began / 1_000_000_000)
      logger.info("abandoned uploads were removed in a run that began at \(time)")
      return nil
    case .done(let outcome): return outcome
    }
  }

  /// A run now. What can't be looked at or removed is logged and left.
  /// - Parameter now: nanoseconds since 1970.
  /// - Throws: `.cancelled` when the task is.
  @discardableResult
  public func run(now: Int64) async throws(StorageError) -> UploadPurge.Outcome {
    let outcome = try await purge.run(now: now) { event in
      switch event {
      case .progress: break
      case .purged(let upload):
        let path = StorageLayout.upload(upload.repository, upload.id)
        logger.info("\(dryRun ? "would remove" : "removed") the upload \(path) (\(ByteCount.text(upload.size)))")
      case .left(let path, let error):
        logger.error("what is at \(path) is left: \(error)")
      }
    }
    logger.info(
      "\(outcome.purged) of \(outcome.seen) uploads \(dryRun ? "would be" : "were") removed, \(outcome.failed) failures"
    )
    return outcome
  }
}
