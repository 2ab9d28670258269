import Core

/// Runs one task after the other on the thread that owns it: a task that suspends resumes there.
///
/// While a task waits, it is checked once a second whether its result is still needed: see ``run(unless:_:)``.
final class ThreadExecutor: TaskExecutor {
  private struct State {
    var jobs: [UnownedJob] = []
    /// Whether the operation has come to its end.
    var isDone = false
  }

  private enum Next {
    case job(UnownedJob)
    case done
  }

  private let state = Monitor(State())

  /// The interval between checks whether a waiting task's result is still needed.
  private static let patience = Duration.seconds(1)

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    state.withLock { $0.jobs.append(job) }
    state.signal()
  }

  /// Runs `operation` to its end, and all jobs that are enqueued meanwhile, on the calling thread.
  /// - Parameter isInVain: called once a second while the operation waits; if it returns true, the operation is
  ///   cancelled.
  func run(unless isInVain: () -> Bool = { false }, _ operation: sending @escaping () async -> Void) {
    state.withLock { $0.isDone = false }
    let task = Task.immediate(executorPreference: self) {
      await operation()
      self.finish()
    }
    work { if !task.isCancelled, isInVain() { task.cancel() } }
  }

  /// Makes `operation` a task that begins with ``drain()``. Once for each executor.
  func start(_ operation: sending @escaping () async -> Void) -> Task<Void, Never> {
    Task(executorPreference: self) {
      await operation()
      self.finish()
    }
  }

  /// Runs what is enqueued on the calling thread, to the end of the operation.
  func drain() {
    work {}
  }

  /// - Parameter pausing: called once a second while there is nothing to do.
  private func work(_ pausing: () -> Void) {
    while true {
      switch next() {
      case .job(let job): job.runSynchronously(on: asUnownedTaskExecutor())
      case .done: return
      case nil: pausing()
      }
    }
  }

  private func finish() {
    state.withLock { $0.isDone = true }
    state.signal()
  }

  /// nil: nothing is to be done yet.
  private func next() -> Next? {
    state.wait(until: .now + Self.patience) { state in
      if !state.jobs.isEmpty { return .job(state.jobs.removeFirst()) }
      return state.isDone ? .done : nil
    }
  }
}
