import Foundation
import Synchronization

/// Servers that all tests of a process share, so that nobody owns them: they end with the process, however it ends.
enum SharedServer {
  /// Runs `start`, on a thread that stays: the kernel ends what was started with `launch` with the thread that did so.
  static func start<Server: Sendable>(_ start: @escaping @Sendable () throws -> Server) -> Result<Server, any Error> {
    let outcome = Outcome<Server>()
    Thread {
      outcome.set(Result { try start() })
      while true { pause() }
    }.start()
    return outcome.get()
  }

  /// Starts a process that is killed when the calling thread ends.
  static func launch(
    _ command: [String], log: String, environment: [String: String]? = nil
  ) throws -> ChildProcess {
    try ChildProcess(
      ["/usr/bin/setpriv", "--pdeathsig", "KILL", "--"] + command, log: log, environment: environment)
  }

  /// A folder that is removed when this process has ended.
  static func folder() throws -> String {
    let path = NSTemporaryDirectory() + "berth-test-" + UUID().uuidString.prefix(8).lowercased()
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    // Stays until then, whatever asks it to end. It is this process's child, but not one to wait for.
    let script = #"trap '' TERM INT HUP; tail --pid="$1" -f /dev/null; sleep 1; rm -rf -- "$2""#
    let sweeper = try ChildProcess(["/bin/sh", "-c", script, "sweeper", "\(getpid())", path], log: "/dev/null")
    sweepers.withLock { $0.append(sweeper) }
    return path
  }

  /// Not let go, which would end them.
  private static let sweepers = Mutex<[ChildProcess]>([])
}

/// What a thread hands over.
private final class Outcome<Value: Sendable>: Sendable {
  private let value = Mutex<Result<Value, any Error>?>(nil)
  private let isThere = DispatchSemaphore(value: 0)

  func set(_ result: Result<Value, any Error>) {
    value.withLock { $0 = result }
    isThere.signal()
  }

  /// Waits for it. To be called once.
  func get() -> Result<Value, any Error> {
    isThere.wait()
    return value.withLock { $0 } ?? .failure(WireClient.Failure(description: "the server was not started"))
  }
}
