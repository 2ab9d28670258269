import Glibc
import Synchronization

/// Runs a task, and all that it goes on with, on the calling thread.
final class OneThread: TaskExecutor {
  private let jobs = Mutex<[UnownedJob]>([])

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    jobs.withLock { $0.append(job) }
  }

  /// Runs `body` to its end.
  func run(_ body: @escaping () async throws -> Void) throws {
    nonisolated(unsafe) let body = body
    nonisolated(unsafe) var outcome: Result<Void, any Error>?
    Task.immediate(executorPreference: self) {
      do {
        outcome = .success(try await body())
      } catch {
        outcome = .failure(error)
      }
    }
    while outcome == nil {
      if let job = jobs.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
        job.runSynchronously(on: asUnownedTaskExecutor())
      } else {
        usleep(100)
      }
    }
    try outcome?.get()
  }
}
