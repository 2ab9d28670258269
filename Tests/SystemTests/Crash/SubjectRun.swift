import Foundation
import TestSupport

/// One run of `CrashSubject`, watched by strace.
struct SubjectRun {
  /// A system call that changes something.
  struct Call: Sendable, CustomStringConvertible {
    /// Its name.
    let name: String
    /// How many of this name there have been, with it.
    let number: Int
    /// As strace shows it.
    let text: String

    var description: String { "\(name) \(number): \(text)" }
  }

  /// What was answered before the end.
  let outcomes: [Outcome]
  /// Whether it came to its own end.
  let isUnharmed: Bool
  /// The calls from the beginning of the first request.
  let calls: [Call]

  private static let changing = [
    "write", "pwrite64", "fsync", "fdatasync", "rename", "renameat", "renameat2", "open", "openat", "openat2", "unlink",
    "unlinkat",
    "mkdir", "mkdirat", "rmdir", "ftruncate", "utimensat", "link", "linkat", "sync_file_range",
  ]

  /// The calls to watch, for strace: those that this processor has.
  static var watched: String { changing.map { "?" + $0 }.joined(separator: ",") }

  /// Runs a script to its end, or to the call at which it is killed. Files about the run go to `folder`.
  init(root: String, script: String, in folder: String, killedAt call: Call? = nil) throws {
    let inject = call.map { ["-e", "inject=\($0.name):signal=SIGKILL:when=\($0.number)"] } ?? []
    let log = folder + "/subject.log"
    let process = try ChildProcess(
      Self.command(trace: folder + "/trace", inject) + [root, script], log: log, environment: Self.environment)
    _ = process.exitStatus
    (outcomes, isUnharmed) = try Self.read(log)
    calls = try Self.calls(trace: folder + "/trace")
  }

  /// Runs the subject; arguments for it follow.
  static func command(trace: String, _ inject: [String]) throws -> [String] {
    ["/usr/bin/strace", "-qq", "-s", "200", "-o", trace, "-e", "trace=" + watched] + inject
      + [try RegistryServer.builtExecutable("CrashSubject")]
  }

  /// What makes two runs make the same calls.
  static let environment = ["SWIFT_DETERMINISTIC_HASHING": "1"]

  /// What the subject has said so far.
  static func read(_ log: String) throws -> (outcomes: [Outcome], isUnharmed: Bool) {
    let lines = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").map {
      $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
    if let failed = lines.first(where: { $0[0] == "failed" }) { throw Failure(failed.joined(separator: " ")) }
    let outcomes = lines.compactMap { line -> Outcome? in
      guard line.count == 2, let status = Int(line[0]) else { return nil }
      return Outcome(status: status, location: line[1])
    }
    return (outcomes, lines.last?[0] == "end")
  }

  private static func calls(trace: String) throws -> [Call] {
    var numbers: [String: Int] = [:]
    var calls: [Call] = []
    var hasBegun = false
    for line in try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n") {
      guard let parenthesis = line.firstIndex(of: "(") else { continue }
      let name = String(line[..<parenthesis])
      guard changing.contains(name) else { continue }
      let number = numbers[name, default: 0] + 1
      numbers[name] = number
      // Opening changes nothing where nothing is made, and what failed did neither.
      let isIdle = (name.hasPrefix("open") && !line.contains("O_CREAT")) || line.contains(" = -1 E")
      if hasBegun, !isIdle { calls.append(Call(name: name, number: number, text: String(line))) }
      if line.contains(#"write(1, "begin"#) { hasBegun = true }
    }
    return calls
  }
}
