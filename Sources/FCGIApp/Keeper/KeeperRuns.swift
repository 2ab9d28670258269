/// The running tasks of the keeper, at most one run of each task.
///
/// Belongs to the keeper's main thread, which no run can block.
struct KeeperRuns {
  private struct Entry {
    let run: KeeperRun
    let begun: ContinuousClock.Instant
    var hasMissedDeadline = false
    /// The begin of the first run in a row that has missed its deadline.
    var silentSince: ContinuousClock.Instant?
  }

  private let tasks: [KeeperTask]
  private let begin: @Sendable (KeeperTask) async -> Void
  private var entries: [Int: Entry] = [:]

  /// - Parameter begin: carries out one run of a task.
  init(_ tasks: [KeeperTask], _ begin: @escaping @Sendable (KeeperTask) async -> Void) {
    self.tasks = tasks
    self.begin = begin
  }

  /// Starts a task that is due, unless its last run is still under way. If the last run has missed its deadline,
  /// reports that again, also if the run has ended because it was cancelled.
  mutating func start(_ index: Int, at now: ContinuousClock.Instant) {
    let task = tasks[index]
    var silentSince: ContinuousClock.Instant?
    if let last = entries[index] {
      if last.hasMissedDeadline || !last.run.isOver { silentSince = last.silentSince }
      if let silentSince { task.deadline?.missed(silentSince, now) }
      guard last.run.isOver else { return }
    }
    entries[index] = Entry(run: KeeperRun { [begin] in await begin(task) }, begun: now, silentSince: silentSince)
  }

  /// Cancels and reports runs whose deadline has passed.
  /// - Returns: how long it is until the next deadline.
  mutating func enforceDeadlines(at now: ContinuousClock.Instant) -> Duration? {
    var next: Duration?
    for (index, entry) in entries where !entry.hasMissedDeadline && !entry.run.isOver {
      guard let deadline = tasks[index].deadline else { continue }
      let left = entry.begun + deadline.after - now
      if left > .zero {
        next = min(next ?? left, left)
        continue
      }
      entry.run.cancel()
      let since = entry.silentSince ?? entry.begun
      entries[index]?.hasMissedDeadline = true
      entries[index]?.silentSince = since
      // If an earlier run missed its deadline, too, `start` has reported it each time that the task was due.
      if entry.silentSince == nil { deadline.missed(since, now) }
    }
    return next
  }

  /// Whether no run is under way.
  var areOver: Bool { entries.values.allSatisfy(\.run.isOver) }

  /// Cancels all runs, and waits for those of tasks without a deadline: others may never end.
  func end() {
    for entry in entries.values { entry.run.cancel() }
    for (index, entry) in entries where tasks[index].deadline == nil { entry.run.wait() }
  }
}
