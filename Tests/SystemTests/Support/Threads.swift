import Foundation
import Synchronization

/// Work that blocks, on threads of its own: Swift's few shared ones are for the tests beside.
enum Threads {
  /// Runs `body` for 0, 1, … side by side, all from now on, and waits for all. Throws the first error.
  static func run(count: Int, _ body: @escaping @Sendable (Int) throws -> Void) async throws {
    let left = Mutex(count)
    let failure = Mutex<(any Error)?>(nil)
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      for index in 0..<count {
        Thread {
          do {
            try body(index)
          } catch {
            failure.withLock { $0 = $0 ?? error }
          }
          let isLast = left.withLock { count in
            count -= 1
            return count == 0
          }
          guard isLast else { return }
          if let error = failure.withLock({ $0 }) {
            continuation.resume(throwing: error)
          } else {
            continuation.resume()
          }
        }.start()
      }
    }
  }

  /// Runs `body` and gives what it returns.
  static func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      Thread { continuation.resume(with: Swift.Result { try body() }) }.start()
    }
  }
}
