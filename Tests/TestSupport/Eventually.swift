import Foundation

/// Waits for what other processes do in their own time.
package enum Eventually {
  /// Tries `condition` again and again until it holds. Throws after five minutes, so that a test never hangs.
  package static func holds(_ what: String, _ condition: () throws -> Bool) throws {
    let deadline = ContinuousClock.now + .seconds(300)
    while try !condition() {
      guard ContinuousClock.now < deadline else {
        throw WireClient.Failure(description: "it did not come about that \(what)")
      }
      usleep(10_000)
    }
  }

  /// Asks again and again until there is an answer. Throws after five minutes.
  package static func value<Value>(_ what: String, _ question: () async throws -> Value?) async throws -> Value {
    let deadline = ContinuousClock.now + .seconds(300)
    var pauses = 0
    while true {
      if let value = try await question() { return value }
      // On a busy machine one pause may take minutes.
      guard ContinuousClock.now < deadline || pauses < 20 else {
        throw WireClient.Failure(description: "there came no \(what)")
      }
      try await Task.sleep(for: .milliseconds(10))
      pauses += 1
    }
  }
}
