import Dispatch

/// One run of a task, on a thread of its own: a run that takes hours delays no other task, and can be cancelled.
final class KeeperRun: Sendable {
  private let task: Task<Void, Never>
  private let thread = DispatchGroup()

  /// Begins.
  init(_ operation: @escaping @Sendable () async -> Void) {
    let executor = ThreadExecutor()
    task = executor.start(operation)
    DispatchQueue(label: "berth.keeper").async(group: thread) { executor.drain() }
  }

  /// Whether it has come to its end.
  var isOver: Bool { thread.wait(timeout: .now()) == .success }

  /// Tells it to end.
  func cancel() {
    task.cancel()
  }

  /// Waits for its end.
  func wait() {
    thread.wait()
  }
}
