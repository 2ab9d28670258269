import Core
import Glibc

/// A periodic task that must run once for the whole service.
struct KeeperTask: Sendable {
  /// For the log.
  let name: String
  /// When it is due.
  let schedule: MaintenanceSchedule
  /// The first run is delayed by a random time up to this, so that services that are started at the same time don't run
  /// it at the same time. nil: the first run is when the schedule says.
  let jitter: Duration?
  /// Whether the log says when it begins and ends.
  let isLogged: Bool
  /// When a run is cancelled and reported; nil: it may take hours.
  let deadline: Deadline?
  /// Carries out one run. Errors are logged.
  let run: @Sendable () async throws -> Void

  /// When a run is cancelled. It may not end all the same: a system call can block its thread for ever.
  struct Deadline: Sendable {
    /// Measured from the run's begin.
    let after: Duration
    /// Called when a run's deadline passes, and then whenever the task is due, until a run ends in time: with the begin
    /// of the first one that did not, and the time.
    let missed: @Sendable (_ since: ContinuousClock.Instant, _ now: ContinuousClock.Instant) -> Void
  }

  init(
    name: String, schedule: MaintenanceSchedule, jitter: Duration?, isLogged: Bool = true, deadline: Deadline? = nil,
    run: @escaping @Sendable () async throws -> Void
  ) {
    self.name = name
    self.schedule = schedule
    self.jitter = jitter
    self.isLogged = isLogged
    self.deadline = deadline
    self.run = run
  }

  /// `interval`: from one run's begin to the next one's.
  init(
    name: String, interval: Duration, jitter: Duration, isLogged: Bool = true, deadline: Deadline? = nil,
    run: @escaping @Sendable () async throws -> Void
  ) {
    self.init(
      name: name, schedule: MaintenanceSchedule(every: interval), jitter: jitter, isLogged: isLogged,
      deadline: deadline, run: run)
  }
}

/// Decides when tasks are due. Has no effects, so that it can be tested.
struct KeeperSchedule {
  /// A point in time, by the monotonic clock and by the wall clock.
  struct Moment {
    var steady: ContinuousClock.Instant
    /// Seconds since 1970.
    var wall: Int64

    static var now: Moment { Moment(steady: .now, wall: Int64(time(nil))) }
  }

  private enum Due {
    case steady(ContinuousClock.Instant)
    case wall(Int64)
  }

  private var due: [Due]
  private let schedules: [MaintenanceSchedule]

  /// `delays`: until each task's first run; nil: as the schedule has it.
  init(_ schedules: [MaintenanceSchedule], delays: [Duration?], now: Moment) {
    self.schedules = schedules
    due = zip(schedules, delays).map { schedule, delay in
      delay.map { .steady(now.steady + $0) } ?? Self.due(schedule, after: now)
    }
  }

  /// The task that is due first, and how long to wait for it, or until the next call. nil where there is no task.
  func next(at now: Moment) -> (task: Int, wait: Duration)? {
    due.indices.map { (task: $0, wait: wait(due[$0], now)) }.min { $0.wait < $1.wait }
  }

  /// Call it when a run of `task` has begun. Missed runs are not repeated.
  mutating func began(_ task: Int, at now: Moment) {
    due[task] = Self.due(schedules[task], after: now)
  }

  private static func due(_ schedule: MaintenanceSchedule, after now: Moment) -> Due {
    schedule.interval.map { .steady(now.steady + $0) } ?? .wall(schedule.next(after: now.wall))
  }

  private func wait(_ due: Due, _ now: Moment) -> Duration {
    switch due {
    case .steady(let time): max(.zero, time - now.steady)
    case .wall(let time): .seconds(max(0, time.subtractingReportingOverflow(now.wall).partialValue))
    }
  }
}
