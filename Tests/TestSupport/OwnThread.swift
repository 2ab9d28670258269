import Foundation
import Synchronization
package import Testing

/// Runs each test on a thread of its own, so that a test that blocks leaves Swift's few shared threads, which
/// suspended tasks need, to the others.
package struct OwnThread: SuiteTrait, TestTrait, TestScoping {
  package var isRecursive: Bool { true }

  package func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
  ) async throws {
    guard testCase != nil else { return try await function() }
    let executor = ThreadExecutor()
    defer { executor.stop() }
    try await withTaskExecutorPreference(executor) { try await function() }
  }
}

extension Trait where Self == OwnThread {
  /// Each test on a thread of its own: for those that block.
  package static var ownThread: Self { Self() }
}

/// One thread and its queue.
private final class ThreadExecutor: TaskExecutor {
  private let jobs = Mutex<[UnownedJob?]>([])
  private let arrived = DispatchSemaphore(value: 0)

  init() {
    Thread { [self] in
      while let job = next() { job.runSynchronously(on: asUnownedTaskExecutor()) }
    }.start()
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    jobs.withLock { $0.append(job) }
    arrived.signal()
  }

  /// Ends the thread after all that has been enqueued.
  func stop() {
    jobs.withLock { $0.append(nil) }
    arrived.signal()
  }

  private func next() -> UnownedJob? {
    arrived.wait()
    return jobs.withLock { $0.removeFirst() }
  }
}
