/// The runs of the keeper's tasks that are under way, at most one of each task.
///
/// Belongs to the keeper's main thread, which no run can hold up.
struct KeeperRuns {
  private struct Entry {
    let run: KeeperRun
    let begun: ContinuousClock.Instant
    var hasMissedDeadline = false
  }

  private let tasks: [KeeperTask]
  private let begin: @Sendable (KeeperTask) async -> Void
  private var entries: [Int: Entry] = [:]

  /// - Parameter begin: does one run of a task.
  init(_ tasks: [KeeperTask], _ begin: @escaping @Sendable (KeeperTask) async -> Void) {
    self.tasks = tasks
    self.begin = begin
  }

  /// A task is due. Where its last run is still under way, no other one is begun; one whose deadline has passed is
  /// reported once more.
  mutating func start(_ index: Int, at now: ContinuousClock.Instant) {
    let task = tasks[index]
    if let entry = entries[index], !entry.run.isOver {
      if entry.hasMissedDeadline { task.deadline?.missed(now - entry.begun) }
      return
    }
    entries[index] = Entry(run: KeeperRun { [begin] in await begin(task) }, begun: now)
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
      entries[index]?.hasMissedDeadline = true
      entry.run.cancel()
      deadline.missed(now - entry.begun)
    }
    return next
  }

  /// Cancels all, and waits for those that are sure to end.
  func end() {
    for entry in entries.values { entry.run.cancel() }
    for (index, entry) in entries where tasks[index].deadline == nil { entry.run.wait() }
  }
}
