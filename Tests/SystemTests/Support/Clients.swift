import Foundation
import Synchronization

/// Clients that block, side by side, each on a thread of its own.
enum Clients {
  /// Runs `body` for 0, 1, … and waits for all. Throws the first error.
  static func run(count: Int, _ body: @escaping @Sendable (Int) throws -> Void) async throws {
    let left = Mutex(count)
    let failure = Mutex<(any Error)?>(nil)
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      for index in 0..<count {
        let thread = Thread {
          do {
            try body(index)
          } catch {
            failure.withLock { $0 = $0 ?? error }
          }
          let isLast = left.withLock { count in
            count -= 1
            return count == 0
          }
          if isLast { continuation.resume() }
        }
        thread.start()
      }
    }
    if let error = failure.withLock({ $0 }) { throw error }
  }
}
