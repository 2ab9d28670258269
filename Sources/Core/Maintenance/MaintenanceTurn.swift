/// The right to do a piece of maintenance that must happen once at a time, and once in each interval, however many
/// hosts share a storage.
///
/// It is a lock on a file, which ends with the process that holds it, and the time at which the last run began that
/// came to its end. So nothing that a crash leaves can hold up the next run, and a run that broke off is made up for.
public final class MaintenanceTurn {
  private let task: String
  private let driver: any StorageDriver
  private let lock: any StorageWriter
  private let began: Int64

  /// Whether it is one's turn.
  public enum Attempt {
    /// It is, until the turn is finished or let go of.
    case turn(MaintenanceTurn)
    /// Another process is at it.
    case running
    /// It was done less than an interval ago: in a run that began then (nanoseconds since 1970).
    case recent(began: Int64)
  }

  private init(_ task: String, _ driver: any StorageDriver, _ lock: any StorageWriter, began: Int64) {
    self.task = task
    self.driver = driver
    self.lock = lock
    self.began = began
  }

  /// Tries to begin a run.
  /// - Parameters:
  ///   - task: a name that is one component of a path, the same wherever the task is done.
  ///   - interval: how often a schedule asks for it: a run is left out where the last one began less than nine
  ///     tenths of that ago. nil: somebody wants it now.
  ///   - now: nanoseconds since 1970.
  public static func take(
    _ task: String, _ driver: any StorageDriver, every interval: Duration? = nil, now: Int64 = WallClock.now
  ) async throws(StorageError) -> Attempt {
    let lock: any StorageWriter
    do {
      lock = try await driver.writer(at: StorageLayout.maintenanceLock(task), appending: true)
    } catch  where error.code == .busy {
      return .running
    }
    if let interval, let began = try await lastBegin(task, driver), isRecent(began, now: now, interval) {
      try await lock.cancel()
      return .recent(began: began)
    }
    return .turn(MaintenanceTurn(task, driver, lock, began: now))
  }

  /// Notes that the run came to its end, and lets go. A turn that is let go of without it does not count as a run.
  public func finish() async throws(StorageError) {
    let seconds = began / 1_000_000_000
    try await driver.put(
      Array(RFC3339.text(secondsSince1970: seconds).utf8), at: StorageLayout.maintenanceRecord(task),
      durability: .process)
    try await lock.cancel()
  }

  /// When the last run that came to its end began; nil where there was none, or what tells of it is torn.
  private static func lastBegin(_ task: String, _ driver: any StorageDriver) async throws(StorageError) -> Int64? {
    do {
      let text = try await driver.content(at: StorageLayout.maintenanceRecord(task), limit: 128)
      return RFC3339.nanoseconds(String(decoding: text, as: UTF8.self))
    } catch  where error.code == .notFound || error.code == .tooLarge {
      return nil
    }
  }

  /// A time in the future is another host's clock, or one that was wrong: it puts off no run by more than an interval.
  private static func isRecent(_ began: Int64, now: Int64, _ interval: Duration) -> Bool {
    let (distance, overflow) = now.subtractingReportingOverflow(began)
    guard !overflow, distance != .min else { return false }
    return Duration.nanoseconds(abs(distance)) < interval * 9 / 10
  }
}
