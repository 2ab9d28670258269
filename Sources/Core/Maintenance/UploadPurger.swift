public import Logging

/// Removes uploads that were begun long ago and never finished (`storage.maintenance.uploadpurging`).
public struct UploadPurger: Sendable {
  private let driver: any StorageDriver
  private let age: Duration
  private let dryRun: Bool
  private let logger: Logger

  /// - Parameters:
  ///   - age: how long ago an upload must have been begun, and have received its last byte.
  ///   - dryRun: log what would be removed, and remove nothing.
  public init(driver: any StorageDriver, age: Duration, dryRun: Bool, logger: Logger) {
    self.driver = driver
    self.age = age
    self.dryRun = dryRun
    self.logger = logger
  }

  /// What a run came to.
  public struct Outcome: Sendable, Equatable {
    /// Uploads that were looked at.
    public var seen = 0
    /// Uploads that were removed, or would be.
    public var purged = 0
    /// Uploads and directories that could not be looked at or removed. The log says why.
    public var failed = 0
  }

  /// The name of the task for all hosts that share the storage.
  static let task = "upload-purging"

  /// A run as the schedule has it: left out where another host is at it, or has done it within the interval.
  /// - Parameter now: nanoseconds since 1970.
  @discardableResult
  public func runInTurn(every interval: Duration, now: Int64 = WallClock.now) async throws(StorageError) -> Outcome? {
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

  /// Looks at every upload of every repository. What can't be looked at or removed is logged and left.
  /// - Parameter now: nanoseconds since 1970.
  /// - Throws: `.cancelled` when the task is.
  @discardableResult
  public func run(now: Int64) async throws(StorageError) -> Outcome {
    var outcome = Outcome()
    try await RepositoryTree(driver: driver).forEach(
      visit: { entry throws(StorageError) in
        guard entry.parts.contains("_uploads") else { return }
        try await purgeUploads(of: entry.name, now: now, &outcome)
      },
      failed: { path, error in
        logger.error("uploads below \(path) are left: \(error)")
        outcome.failed += 1
      })
    logger.info(
      "\(outcome.purged) of \(outcome.seen) uploads \(dryRun ? "would be" : "were") removed, \(outcome.failed) failures"
    )
    return outcome
  }

  private func purgeUploads(of name: RepositoryName, now: Int64, _ outcome: inout Outcome) async throws(StorageError) {
    let uploads = StorageLayout.uploads(name)
    let names = try await driver.list(uploads)
    for id in names.compactMap({ UploadID($0) }) {
      guard !Task.isCancelled else { throw StorageError(.cancelled, "purge \(uploads)") }
      outcome.seen += 1
      let upload = AbandonedUpload(driver, name, id)
      do throws(StorageError) {
        guard let idle = try await upload.idleSince(), isOld(idle, now: now) else { continue }
        guard !dryRun else {
          logger.info("would remove the upload \(upload.path)")
          outcome.purged += 1
          continue
        }
        guard try await upload.remove(unless: { !isOld($0, now: now) }) else { continue }
        logger.info("removed the upload \(upload.path)")
        outcome.purged += 1
      } catch  where error.code == .cancelled {
        throw error
      } catch {
        logger.error("the upload \(upload.path) is left: \(error)")
        outcome.failed += 1
      }
    }
    guard !dryRun else { return }
    // Empty for long: with it goes a repository that nothing was ever pushed to.
    if try await isOld(driver.stat(uploads).modified, now: now) {
      try await driver.prune(uploads, below: StorageLayout.repositories)
    }
  }

  private func isOld(_ time: Int64, now: Int64) -> Bool {
    UploadPurger.isAbandoned(idleSince: time, now: now, age: age)
  }

  /// Whether an upload that has been idle since then is given up. A time in the future is a wrong clock.
  static func isAbandoned(idleSince: Int64, now: Int64, age: Duration) -> Bool {
    let (idle, overflow) = now.subtractingReportingOverflow(idleSince)
    return !overflow && idle > 0 && Duration.nanoseconds(idle) > age
  }
}
