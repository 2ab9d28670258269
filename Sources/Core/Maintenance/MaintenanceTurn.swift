/// The right to do a piece of maintenance that must happen once at a time, and once in each interval, however many
/// hosts share a storage.
///
/// It is a lock on a file, which ends with the process that holds it, and the time at which the last run began that
/// came to its end. So nothing that a crash leaves can hold up the next run (on an object store: for longer than a
/// lease), and a run that broke off is made up for.
public enum MaintenanceTurn<Result> {
  /// The task was done.
  case done(Result)
  /// Another process is at it.
  case running
  /// It was done less than an interval ago: in a run that began then (nanoseconds since 1970).
  case recent(began: Int64)
}

extension MaintenanceTurn: Sendable where Result: Sendable {}

extension MaintenanceTurn {
  /// Does a task, if it is this process's turn. However `work` ends, the turn ends with it.
  /// - Parameters:
  ///   - task: a name that is one component of a path, the same wherever the task is done.
  ///   - interval: how often a schedule asks for it: a run is left out where the last one began less than nine
  ///     tenths of that ago. nil: an operator wants it now.
  ///   - now: nanoseconds since 1970.
  ///   - work: returns its result, and whether the run counts as one that came to its end.
  /// - Throws: what `work` throws, and what keeps the turn from being taken or noted.
  public static func perform(
    _ task: String, _ driver: any StorageDriver, every interval: Duration? = nil, now: Int64 = WallClock.now,
    _ work: () async throws(StorageError) -> (Result, isComplete: Bool)
  ) async throws(StorageError) -> MaintenanceTurn {
    let lock: any StorageWriter
    do {
      lock = try await driver.writer(at: StorageLayout.maintenanceLock(task), appending: true)
    } catch  where error.code == .busy {
      return .running
    }
    // The work may take hours, in which nothing is written to the lock.
    let renewing = lock.renewal?.begin()
    func end() async throws(StorageError) {
      renewing?.cancel()
      await renewing?.value
      try await lock.cancel()
    }
    do throws(StorageError) {
      let record = MaintenanceRecord(task: task, driver: driver)
      if let interval, let began = try await record.began(), MaintenanceRecord.isRecent(began, now: now, interval) {
        try await end()
        return .recent(began: began)
      }
      let (result, isComplete) = try await work()
      if isComplete { try await record.store(began: now) }
      try await end()
      return .done(result)
    } catch {
      // Also where the task was cancelled: an object store would keep the next process waiting for a lease's time.
      try? await end()
      throw error
    }
  }
}

/// When the last run of a task began that came to its end.
private struct MaintenanceRecord {
  let task: String
  let driver: any StorageDriver

  func store(began: Int64) async throws(StorageError) {
    let text = RFC3339.text(secondsSince1970: began / 1_000_000_000)
    do {
      try await driver.putState(Array(text.utf8), at: StorageLayout.maintenanceRecord(task))
    } catch  where error.code == .full {
      // The run was made all the same; the next one comes early.
    }
  }

  /// nil where there was none, or the record is torn.
  func began() async throws(StorageError) -> Int64? {
    let text = try await driver.state(at: StorageLayout.maintenanceRecord(task), limit: 128)
    return text.flatMap { RFC3339.nanoseconds(String(decoding: $0, as: UTF8.self)) }
  }

  /// A time in the future is another host's clock, or one that was wrong: it puts off no run by more than an interval.
  static func isRecent(_ began: Int64, now: Int64, _ interval: Duration) -> Bool {
    let (distance, overflow) = now.subtractingReportingOverflow(began)
    guard !overflow, distance != .min else { return false }
    return Duration.nanoseconds(abs(distance)) < interval * 9 / 10
  }
}
