import Foundation
import Synchronization

/// A process that a test starts and ends by its id. None outlives the tests.
package final class ChildProcess: Sendable {
  private let process: Process
  private static let running = Mutex<Set<Int32>>([])
  private static let endAllAtExit: Void = {
    _ = atexit {
      for id in ChildProcess.running.withLock({ $0 }) { kill(id, SIGTERM) }
    }
  }()

  /// Starts `command`; what it prints goes to the file `log`.
  package init(_ command: [String], log: String? = nil, environment: [String: String]? = nil) throws {
    _ = Self.endAllAtExit
    process = Process()
    process.executableURL = URL(fileURLWithPath: command[0])
    process.arguments = Array(command.dropFirst())
    if let environment { process.environment = environment }
    process.standardInput = FileHandle.nullDevice
    if let log {
      _ = FileManager.default.createFile(atPath: log, contents: nil)
      let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
      process.standardOutput = handle
      process.standardError = handle
    }
    try Self.withAllSignals { try process.run() }
    let id = process.processIdentifier
    Self.running.withLock { _ = $0.insert(id) }
  }

  deinit {
    stop()
  }

  package var processID: Int32 { process.processIdentifier }

  package var isRunning: Bool { process.isRunning }

  /// The exit status, once it has ended.
  package var exitStatus: Int32 {
    process.waitUntilExit()
    return process.terminationStatus
  }

  /// Asks it to end, and waits; after ten seconds it is killed.
  package func stop(signal: Int32 = SIGTERM) {
    let id = process.processIdentifier
    guard Self.running.withLock({ $0.remove(id) }) != nil, process.isRunning else { return }
    kill(id, signal)
    let deadline = ContinuousClock.now + .seconds(10)
    while process.isRunning {
      if ContinuousClock.now > deadline { kill(id, SIGKILL) }
      usleep(5_000)
    }
  }

  /// Dispatch has its threads block most signals, and children would inherit that and not heed SIGTERM.
  private static func withAllSignals(_ body: () throws -> Void) rethrows {
    var none = sigset_t()
    sigemptyset(&none)
    var before = sigset_t()
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try body()
  }

  /// Runs `command` to its end and gives what it printed. Throws with its errors where it fails.
  package static func output(_ command: [String], environment: [String: String]? = nil) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: command[0])
    process.arguments = Array(command.dropFirst())
    if let environment { process.environment = environment }
    let output = Pipe()
    let errors = Pipe()
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    try withAllSignals { try process.run() }
    let collected = Mutex(Data())
    let reader = Thread {
      let data = errors.fileHandleForReading.readDataToEndOfFile()
      collected.withLock { $0 = data }
    }
    reader.start()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      while !reader.isFinished { usleep(1_000) }
      let message = String(decoding: collected.withLock { $0 }, as: UTF8.self)
      throw WireClient.Failure(
        description: "\(command.joined(separator: " ")) ended with \(process.terminationStatus): \(message)\(text)")
    }
    return text
  }
}
