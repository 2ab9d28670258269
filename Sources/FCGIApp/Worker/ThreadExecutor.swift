import Glibc

/// Runs one task after the other on the thread that owns it: a task that suspends goes on there.
///
/// `@unchecked Sendable`: `jobs` and `isDone` are guarded by the mutex, which lives on the heap because its address
/// must not change.
final class ThreadExecutor: TaskExecutor, @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var jobs: [UnownedJob] = []
  private var isDone = false

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
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
  func run(_ operation: sending @escaping () async -> Void) {
    isDone = false
    Task.immediate(executorPreference: self) {
      await operation()
      self.finish()
    }
    drain()
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
    while let job = next() {
      job.runSynchronously(on: asUnownedTaskExecutor())
    }
  }

  private func finish() {
    pthread_mutex_lock(mutex)
    isDone = true
    pthread_cond_signal(condition)
    pthread_mutex_unlock(mutex)
  }

  /// Waits for a job. nil: the operation is done.
  private func next() -> UnownedJob? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while jobs.isEmpty {
      if isDone { return nil }
      pthread_cond_wait(condition, mutex)
    }
    return jobs.removeFirst()
  }
}
