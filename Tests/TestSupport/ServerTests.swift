import Foundation
import Testing

/// Tests that need a server which is slow to start. A fast run (`scripts/test --fast`) leaves them out.
package enum ServerTests {
  /// Whether they are run.
  package static let areRun = ProcessInfo.processInfo.environment["BERTH_TEST_FAST"] == nil

  /// Ends the test that asks for a server, as skipped, in a fast run.
  package static func require(_ server: String) throws {
    guard !areRun else { return }
    #if compiler(>=6.3)
      try Test.cancel("a fast run starts no \(server)")
    #else
      throw WireClient.Failure(description: "a fast run starts no \(server): it needs Swift 6.3")
    #endif
  }
}
