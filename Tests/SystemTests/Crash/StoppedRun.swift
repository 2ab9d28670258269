import Foundation
import TestSupport

/// One run of `CrashSubject` that stops after each call that brings something to the disk, or says what was done.
struct StoppedRun {
  private let process: ChildProcess
  private let log: String
  private let trace: String

  private static let stopping = [
    "write", "fsync", "fdatasync", "sync_file_range", "rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir",
  ]

  /// Begins. Files about the run go to `folder`.
  init(root: String, script: String, in folder: String) throws {
    (log, trace) = (folder + "/subject.log", folder + "/trace")
    let calls = Self.stopping.map { "?" + $0 }.joined(separator: ",")
    process = try ChildProcess(
      SubjectRun.command(trace: trace, ["-e", "inject=\(calls):signal=SIGSTOP"]) + [root, script], log: log,
      environment: SubjectRun.environment)
  }

  /// Calls `body` with what was answered so far whenever the subject stands still, until it has ended.
  func forEachStop(_ body: ([Outcome]) async throws -> Void) async throws {
    var stops = 0
    // Without progress: on a busy machine the whole run may take longer.
    var deadline = ContinuousClock.now + .seconds(300)
    while process.isRunning {
      guard ContinuousClock.now < deadline else { throw Failure("the subject does not come to its end") }
      let seen = try stopCount()
      guard seen > stops, let subject = child else {
        usleep(300)
        continue
      }
      stops = seen
      let (outcomes, _) = try SubjectRun.read(log)
      try await body(outcomes)
      kill(subject, SIGCONT)
      deadline = .now + .seconds(300)
    }
    guard try SubjectRun.read(log).isUnharmed else { throw Failure("the subject did not come to its end") }
  }

  private func stopCount() throws -> Int {
    guard let data = FileManager.default.contents(atPath: trace) else { return 0 }
    return String(decoding: data, as: UTF8.self).components(separatedBy: "--- stopped by SIGSTOP ---").count - 1
  }

  /// What strace runs.
  private var child: Int32? {
    let process = process.processID
    let list = try? String(contentsOfFile: "/proc/\(process)/task/\(process)/children", encoding: .utf8)
    return list?.split(separator: " ").first.flatMap { Int32($0) }
  }
}
