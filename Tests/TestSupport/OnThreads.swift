import Foundation

/// Runs `body` on `count` threads at once, each with its own number, as requests do; drivers block.
package func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) async throws -> Void) async throws {
  try await withThrowingTaskGroup { group in
    for index in 0..<count {
      group.addTask {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
          Thread.detachNewThread {
            Task.immediate {
              do {
                try await body(index)
                continuation.resume()
              } catch {
                continuation.resume(throwing: error)
              }
            }
          }
        }
      }
    }
    try await group.waitForAll()
  }
}
