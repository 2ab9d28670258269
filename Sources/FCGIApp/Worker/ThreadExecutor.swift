import Glibc
// Where optimised builds find `timespec`.
import SwiftOverlayShims

/// Runs one task after the other on the thread that owns it: a task that suspends goes on there.
///
/// Whoever waits for the network long enough is asked whether anybody still waits for it: see ``run(unless:_:)``.
///
/// `@unchecked Sendable`: `jobs` and `isDone` are guarded by the mutex, which lives on the heap because its address
/// must not change.
final class ThreadExecutor: TaskExecutor, @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var jobs: [UnownedJob] = []
  private var isDone = false

  /// How long a task waits before it is asked, and then again and again, whether it is in vain.
  private static let patience = Duration.seconds(1)

  init() {
    pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    pthread_mutex_lock(mutex)
    jobs.append(job)
    pthread_cond_signal(condition)
    pthread_mutex_unlock(mutex)
  }

  /// Runs `operation` to its end, and with it all that is enqueued meanwhile, on the calling thread.
  /// - Parameter isInVain: asked once a second while the operation waits; it is cancelled where it is.
  func run(unless isInVain: () -> Bool = { false }, _ operation: sending @escaping () async -> Void) {
    isDone = false
    let task = Task.immediate(executorPreference: self) {
      await operation()
      self.finish()
    }
    while true {
      switch next(within: Self.patience) {
      case .job(let job): job.runSynchronously(on: asUnownedTaskExecutor())
      case .done: return
      case .nothing: if !task.isCancelled, isInVain() { task.cancel() }
      }
    }
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
    while true {
      switch next(within: nil) {
      case .job(let job): job.runSynchronously(on: asUnownedTaskExecutor())
      case .done: return
      case .nothing: continue
      }
    }
  }

  private func finish() {
    pthread_mutex_lock(mutex)
    isDone = true
    pthread_cond_signal(condition)
    pthread_mutex_unlock(mutex)
  }

  private enum Next {
    case job(UnownedJob)
    /// The operation has come to its end.
    case done
    /// Nothing is to be done yet.
    case nothing
  }

  /// Waits for a job; `patience` at the most where it isn't nil.
  private func next(within patience: Duration?) -> Next {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    var end: timespec?
    while jobs.isEmpty {
      if isDone { return .done }
      guard let patience else {
        pthread_cond_wait(condition, mutex)
        continue
      }
      var deadline = end ?? Self.now(plus: patience)
      end = deadline
      if pthread_cond_timedwait(condition, mutex, &deadline) == ETIMEDOUT, jobs.isEmpty, !isDone { return .nothing }
    }
    return .job(jobs.removeFirst())
  }

  private static func now(plus duration: Duration) -> timespec {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    time.tv_sec += Int(duration.components.seconds)
    return time
  }
}
