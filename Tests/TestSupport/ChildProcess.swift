import CLinux
import Foundation
import Glibc
import Synchronization

/// A process that a test starts and ends by its id. None outlives the tests.
///
/// Not Foundation's: what that goes by to learn of a child's end is inherited by children that are started at the same
/// time, and so a test may wait for a child that has long ended.
package final class ChildProcess: Sendable {
  package let processID: Int32
  private let status = Mutex<Int32?>(nil)
  private static let running = Mutex<Set<Int32>>([])
  private static let endAllAtExit: Void = {
    _ = atexit {
      for id in ChildProcess.running.withLock({ $0 }) { kill(id, SIGTERM) }
    }
  }()

  /// Starts `command`; what it prints goes to the file `log`.
  package convenience init(_ command: [String], log: String? = nil, environment: [String: String]? = nil) throws {
    try self.init(command, output: log ?? "/dev/null", errors: log, environment: environment)
  }

  /// Starts `command`; what it prints goes to files that are made anew.
  /// - Parameter errors: nil: with the output where that goes to a log, else to where the tests' go.
  package init(_ command: [String], output: String, errors: String?, environment: [String: String]? = nil) throws {
    _ = Self.endAllAtExit
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let anew = O_WRONLY | O_CREAT | O_TRUNC | O_APPEND
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, anew, 0o644)
    if errors == output {
      posix_spawn_file_actions_adddup2(&actions, 1, 2)
    } else if let errors {
      posix_spawn_file_actions_addopen(&actions, 2, errors, anew, 0o644)
    }
    posix_spawn_file_actions_addclosefrom_np(&actions, 3)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    let variables = environment ?? ProcessInfo.processInfo.environment
    var id: pid_t = 0
    let code = Self.withStrings(command) { arguments in
      Self.withStrings(variables.map { "\($0.key)=\($0.value)" }) { variables in
        posix_spawn(&id, command[0], &actions, &attributes, arguments, variables)
      }
    }
    guard code == 0 else {
      throw WireClient.Failure(description: "\(command[0]) can't be started: \(String(cString: strerror(code)))")
    }
    processID = id
    Self.running.withLock { _ = $0.insert(id) }
  }

  deinit {
    stop()
  }

  package var isRunning: Bool { poll() == nil }

  /// The exit status, or the signal that ended it, once it has ended.
  package var exitStatus: Int32 {
    while true {
      if let status = poll() { return Self.exitStatus(status) }
      usleep(2_000)
    }
  }

  /// Whether a signal has ended it.
  package var wasKilled: Bool {
    _ = exitStatus
    return status.withLock { ($0 ?? 0) & 0x7F } != 0
  }

  /// Asks it to end, and waits; after ten seconds it is killed.
  package func stop(signal: Int32 = SIGTERM) {
    let isKnown = Self.running.withLock { $0.remove(processID) } != nil
    guard isKnown, isRunning else { return }
    kill(processID, signal)
    let deadline = ContinuousClock.now + .seconds(10)
    while isRunning {
      if ContinuousClock.now > deadline { kill(processID, SIGKILL) }
      usleep(5_000)
    }
  }

  /// How it ended; nil while it runs.
  private func poll() -> Int32? {
    status.withLock { status in
      if let status { return status }
      var value: Int32 = 0
      guard waitpid(processID, &value, WNOHANG) == processID else { return nil }
      status = value
      return value
    }
  }

  private static func exitStatus(_ status: Int32) -> Int32 {
    status & 0x7F == 0 ? (status >> 8) & 0xFF : status & 0x7F
  }

  private static func withStrings<Result>(
    _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
  ) -> Result {
    let copies = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: strings.count + 1)
    for (index, string) in strings.enumerated() { copies[index] = strdup(string) }
    copies[strings.count] = nil
    defer {
      for index in strings.indices { free(copies[index]) }
      copies.deallocate()
    }
    return body(copies)
  }

  // MARK: - To the end

  /// What a process said.
  package struct Outcome: Sendable {
    package var status: Int32
    package var output: String
    package var errors: String
  }

  /// Runs `command` to its end.
  package static func run(_ command: [String], environment: [String: String]? = nil) throws -> Outcome {
    let folder = try TemporaryFolder()
    let process = try ChildProcess(
      command, output: folder / "out", errors: folder / "err", environment: environment)
    let status = process.exitStatus
    return Outcome(status: status, output: try text(folder / "out"), errors: try text(folder / "err"))
  }

  /// Runs `command` to its end and gives what it printed. Throws with its errors where it fails.
  package static func output(_ command: [String], environment: [String: String]? = nil) throws -> String {
    let outcome = try run(command, environment: environment)
    guard outcome.status == 0 else {
      throw WireClient.Failure(
        description:
          "\(command.joined(separator: " ")) ended with \(outcome.status): \(outcome.errors)\(outcome.output)")
    }
    return outcome.output
  }

  private static func text(_ file: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(fileURLWithPath: file)), as: UTF8.self)
  }
}
