/// The runs of the keeper's tasks that are under way, at most one of each task.
///
/// Belongs to the keeper's main thread, which no run can hold up.
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

  /// - Parameter begin: does one run of a task.
  init(_ tasks: [KeeperTask], _ begin: @escaping @Sendable (KeeperTask) async -> Void) {
    self.tasks = tasks
    self.begin = begin
  }

  /// A task is due. Where its last run is still under way, no other one is begun. Where that run has missed its
  /// deadline, it is reported once more, also if it has ended for being cancelled: each further one would have as long.
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
      // Where there was silence before, each time that the task was due has been reported.
      if entry.silentSince == nil { deadline.missed(since, now) }
    }
    return next
  }

  /// Whether no run is under way.
  var areOver: Bool { entries.values.allSatisfy(\.run.isOver) }

  /// Cancels all, and waits for those that are sure to end.
  func end() {
    for entry in entries.values { entry.run.cancel() }
    for (index, entry) in entries where tasks[index].deadline == nil { entry.run.wait() }
  }
}
