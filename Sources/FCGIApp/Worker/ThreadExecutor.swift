import Drivers

/// Runs one task after the other on the thread that owns it: a task that suspends goes on there.
///
/// Whoever waits for the network long enough is asked whether anybody still waits for it: see ``run(unless:_:)``.
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

  /// How long a task waits before it is asked, and then again and again, whether it is in vain.
  private static let patience = Duration.seconds(1)

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    state.withLock { $0.jobs.append(job) }
    state.signal()
  }

  /// Runs `operation` to its end, and with it all that is enqueued meanwhile, on the calling thread.
  /// - Parameter isInVain: asked once a second while the operation waits; it is cancelled where it is.
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
