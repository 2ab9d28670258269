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
  }

  /// Looks at every upload of every repository. An upload that can't be looked at or removed is logged and left.
  /// - Parameter now: nanoseconds since 1970.
  @discardableResult
  public func run(now: Int64) async throws(StorageError) -> Outcome {
    var outcome = Outcome()
    do throws(StorageError) {
      try await driver.walk(StorageLayout.repositories) { (path, entry) async throws(StorageError) in
        guard entry.isDirectory else { return .skip }
        if path.lastComponent == "_uploads" {
          try await purgeUploads(below: path, now: now, &outcome)
          return .skip
        }
        return path.lastComponent.utf8.first == UInt8(ascii: "_") ? .skip : .continue
      }
    } catch  where error.code == .notFound {
      // Nothing was ever pushed.
    }
    logger.info("\(outcome.purged) of \(outcome.seen) uploads \(dryRun ? "would be" : "were") removed")
    return outcome
  }

  private func purgeUploads(below uploads: StoragePath, now: Int64, _ outcome: inout Outcome) async throws(StorageError)
  {
    for name in try await driver.list(uploads) {
      guard let id = UploadID(name) else { continue }
      let upload = uploads / id.description
      outcome.seen += 1
      do throws(StorageError) {
        guard let idle = try await idleSince(upload), Self.isAbandoned(idleSince: idle, now: now, age: age) else {
          continue
        }
        logger.info("\(dryRun ? "would remove" : "removing") the upload \(upload)")
        if !dryRun { try await driver.delete(upload, durability: .process) }
        outcome.purged += 1
      } catch  where error.code == .notFound {
        // It was finished or cancelled meanwhile.
      } catch {
        logger.error("the upload \(upload) is left: \(error)")
      }
    }
  }

  /// The later one of when the upload was begun and when its last byte arrived; nil where nothing tells.
  private func idleSince(_ upload: StoragePath) async throws(StorageError) -> Int64? {
    let started = try await present { () async throws(StorageError) in
      let text = try await driver.content(at: upload / "startedat", limit: 128)
      if let time = RFC3339.nanoseconds(String(decoding: text, as: UTF8.self)) { return time }
      // A torn file still tells when it was written.
      return try await driver.stat(upload / "startedat").modified
    }
    let written = try await present { () async throws(StorageError) in
      try await driver.stat(upload / "data").modified
    }
    return [started, written].compactMap { $0 }.max()
  }

  private func present(_ time: () async throws(StorageError) -> Int64) async throws(StorageError) -> Int64? {
    do throws(StorageError) {
      return try await time()
    } catch  where error.code == .notFound {
      return nil
    }
  }

  /// Whether an upload that has been idle since then is given up. A time in the future is a wrong clock.
  static func isAbandoned(idleSince: Int64, now: Int64, age: Duration) -> Bool {
    let (idle, overflow) = now.subtractingReportingOverflow(idleSince)
    return !overflow && idle > 0 && Duration.nanoseconds(idle) > age
  }
}
