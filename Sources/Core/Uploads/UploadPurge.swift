/// Removes uploads that no client goes on with, of all repositories or of one. Several hosts may do it at a time.
public struct UploadPurge: Sendable {
  private let driver: any StorageDriver
  private let repository: RepositoryName?
  private let age: Duration
  private let dryRun: Bool

  /// - Parameters:
  ///   - repository: nil: all.
  ///   - age: how long ago an upload must have been begun, and have received its last byte.
  ///   - dryRun: remove nothing.
  public init(driver: any StorageDriver, repository: RepositoryName? = nil, age: Duration, dryRun: Bool) {
    self.driver = driver
    self.repository = repository
    self.age = age
    self.dryRun = dryRun
  }

  /// What a run comes to.
  public struct Outcome: Sendable, Equatable {
    /// Uploads that were looked at.
    public var seen = 0
    /// Uploads that were removed, or would be.
    public var purged = 0
    /// Uploads and directories that could not be looked at or removed.
    public var failed = 0
    /// What was removed had received, in bytes.
    public var bytes: ByteTotal = 0

    /// Nothing yet.
    public init(seen: Int = 0, purged: Int = 0, failed: Int = 0, bytes: ByteTotal = 0) {
      self.seen = seen
      self.purged = purged
      self.failed = failed
      self.bytes = bytes
    }
  }

  /// What a run tells.
  public enum Event: Sendable {
    /// How far it has come. After each upload.
    case progress(Outcome)
    /// It was removed, or would be.
    case purged(UnfinishedUpload)
    /// It can't be looked at or removed.
    case left(StoragePath, StorageError)
  }

  /// Looks at every upload. Uploads that can't be read or removed are kept, and reported.
  /// - Parameter now: nanoseconds since 1970.
  /// - Throws: `.cancelled` when the task is, or what `observe` throws; `.notFound` where there is no such repository.
  @discardableResult
  public func run(
    now: Int64 = WallClock.now, _ observe: (Event) throws(StorageError) -> Void
  ) async throws(StorageError) -> Outcome {
    var outcome = Outcome()
    var failures: [(StoragePath, StorageError)] = []
    try await AbandonedUpload.forEach(in: repository, driver) { uploads, repositories throws(StorageError) in
      try await purge(uploads, now: now, &outcome, observe)
      failures += try await prune(repositories.map { StorageLayout.uploads($0) }, now: now)
    } failed: { path, error in
      failures.append((path, error))
    }
    for (path, error) in failures { try observe(.left(path, error)) }
    outcome.failed += failures.count
    return outcome
  }

  /// As many as the storage takes calls at a time.
  private func purge(
    _ uploads: [AbandonedUpload], now: Int64, _ outcome: inout Outcome, _ observe: (Event) throws(StorageError) -> Void
  ) async throws(StorageError) {
    let results = try await SideBySide.map(uploads, width: driver.concurrency) {
      upload throws(StorageError) -> Result<UnfinishedUpload?, StorageError> in
      do throws(StorageError) {
        return .success(try await purge(upload, now: now))
      } catch  where error.code == .cancelled {
        throw error
      } catch {
        return .failure(error)
      }
    }
    for (upload, result) in zip(uploads, results) {
      outcome.seen += 1
      switch result {
      case .success(nil): break
      case .success(let purged?):
        outcome.purged += 1
        outcome.bytes += purged.size
        try observe(.purged(purged))
      case .failure(let error):
        outcome.failed += 1
        try observe(.left(upload.path, error))
      }
      try observe(.progress(outcome))
    }
  }

  /// - Returns: what was removed, or would be.
  private func purge(_ upload: AbandonedUpload, now: Int64) async throws(StorageError) -> UnfinishedUpload? {
    guard let idle = try await upload.idleSince(), isOld(idle, now: now) else { return nil }
    let found = try await upload.found() ?? upload.unknown
    guard !dryRun else { return found }
    return try await upload.remove(unless: { !isOld($0, now: now) }) ? found : nil
  }

  /// - Returns: what can't be looked at or removed, and why.
  private func prune(
    _ directories: [StoragePath], now: Int64
  ) async throws(StorageError) -> [(StoragePath, StorageError)] {
    let failures = try await SideBySide.map(directories, width: driver.concurrency) {
      directory throws(StorageError) -> StorageError? in
      do throws(StorageError) {
        try await prune(directory, now: now)
        return nil
      } catch  where error.code == .cancelled {
        throw error
      } catch {
        return error
      }
    }
    return zip(directories, failures).compactMap { directory, failure in failure.map { (directory, $0) } }
  }

  /// Empty for long: with it goes a repository that nothing was ever pushed to.
  private func prune(_ uploads: StoragePath, now: Int64) async throws(StorageError) {
    guard !dryRun else { return }
    do {
      guard try await isOld(driver.stat(uploads).modified, now: now) else { return }
    } catch  where error.code == .notFound {
      return
    }
    try await driver.prune(uploads, below: StorageLayout.repositories)
  }

  private func isOld(_ time: Int64, now: Int64) -> Bool {
    UploadPurge.isAbandoned(idleSince: time, now: now, age: age)
  }

  /// Whether an upload that has been idle since then is given up. A time in the future is a wrong clock.
  static func isAbandoned(idleSince: Int64, now: Int64, age: Duration) -> Bool {
    let (idle, overflow) = now.subtractingReportingOverflow(idleSince)
    return !overflow && idle > 0 && Duration.nanoseconds(idle) > age
  }
}
