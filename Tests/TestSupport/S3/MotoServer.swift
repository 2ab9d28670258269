import Foundation
import HTTPTypes

/// moto, which behaves as S3 does and takes any signature: quick, and no proof of signing.
///
/// It looks whether a condition holds, and then writes: of two that write on condition that nothing is there, both may,
/// which S3 rules out. So what changes objects goes one after the other.
package final class MotoServer: Sendable {
  package let store: ObjectStore
  private let process: ChildProcess

  /// The one of this process, started when it is first asked for. Tests use a bucket each.
  package static var shared: Result<MotoServer, any Error> {
    Result { try ServerTests.require("moto") }.flatMap { started }
  }

  private static let started = SharedServer.start { try MotoServer() }

  /// Its process id, for tests that have it hang.
  package var processID: Int32 { process.processID }

  /// One for a test alone.
  package init() throws {
    let folder = try SharedServer.folder()
    store = ObjectStore(port: try FreePort.next())
    let python = try PythonEnvironment.python()
    // Large objects go to temporary files.
    let environment = ProcessInfo.processInfo.environment.merging(["TMPDIR": folder]) { $1 }
    process = try SharedServer.launch(
      [python, "-c", Self.script, "-H", "127.0.0.1", "-p", "\(store.port)"], log: folder + "/moto.log",
      environment: environment)
    try Eventually.holds("moto answers") {
      guard process.isRunning else {
        throw WireClient.Failure(
          description: "moto ended: " + ((try? String(contentsOfFile: folder + "/moto.log", encoding: .utf8)) ?? ""))
      }
      let connection = try? WireClient.Connection(port: store.port)
      return (try? connection?.exchange(TestRequest(.get, "/"), close: true)) != nil
    }
  }

  private static let script = """
    import threading
    from moto import server

    lock = threading.Lock()
    answer = server.DomainDispatcherApplication.__call__

    def in_turn(self, environ, start_response):
        if environ["REQUEST_METHOD"] not in ("PUT", "DELETE"):
            return answer(self, environ, start_response)
        with lock:
            return answer(self, environ, start_response)

    server.DomainDispatcherApplication.__call__ = in_turn
    server.main()
    """
}
