/// Something that must happen once for the whole service, again and again.
struct KeeperTask: Sendable {
  /// For the log.
  let name: String
  /// From one run's begin to the next one's.
  let interval: Duration
  /// The first run is put off by a random time up to this, so that services that are started together don't work
  /// together.
  let jitter: Duration
  /// One run. Throws what the log should say.
  let run: @Sendable () async throws -> Void
}

/// When the tasks are due. Nothing but time, so that it can be tested.
struct KeeperSchedule {
  private var due: [ContinuousClock.Instant]
  private let intervals: [Duration]

  /// `delays`: until each task's first run.
  init(intervals: [Duration], delays: [Duration], now: ContinuousClock.Instant) {
    self.intervals = intervals
    due = delays.map { now + $0 }
  }

  /// The task that is due first, and when. nil where there is no task.
  var next: (task: Int, time: ContinuousClock.Instant)? {
    due.indices.min { due[$0] < due[$1] }.map { ($0, due[$0]) }
  }

  /// A run of `task` was begun at `time`. Runs that were missed are not made up for.
  mutating func began(_ task: Int, at time: ContinuousClock.Instant) {
    due[task] = time + intervals[task]
  }
}
