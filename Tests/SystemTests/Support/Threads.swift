import Foundation
import Synchronization

/// Work that blocks, on threads of its own: Swift's few shared ones are for the tests beside.
enum Threads {
  /// Runs `body` for 0, 1, … side by side and waits for all. Throws the first error.
  static func run(count: Int, _ body: @escaping @Sendable (Int) throws -> Void) async throws {
    try await withThrowingTaskGroup { group in
      for index in 0..<count { group.addTask { try await run { try body(index) } } }
      try await group.waitForAll()
    }
  }

  /// Runs `body` and gives what it returns.
  static func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      Thread { continuation.resume(with: Swift.Result { try body() }) }.start()
    }
  }
}
