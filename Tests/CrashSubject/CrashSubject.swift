import Core
import Drivers
import Glibc
import HTTPTypes
import Logging

/// Does to a storage directory what a script says, through the registry's own handlers, so that tests can kill it at
/// any call. All in one thread, so that the calls come in the same order each time.
///
///     CrashSubject ROOT SCRIPT
///
/// Prints `begin` and its process id, then for each request the answer's status and location, at last `end`.
@main
struct CrashSubject {
  static func main() {
    do {
      let arguments = CommandLine.arguments
      guard arguments.count == 3 else { throw Failure(description: "usage: CrashSubject ROOT SCRIPT") }
      let subject = try Subject(root: arguments[1])
      let script = try Script(path: arguments[2])
      say("begin\t\(getpid())")
      try subject.perform(script, say)
      say("end")
    } catch {
      say("failed\t\(error)")
      exit(1)
    }
  }

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// One line in one call, so that whoever reads it knows what was acknowledged.
  private static func say(_ line: String) {
    let bytes = Array("\(line)\n".utf8)
    _ = bytes.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
  }
}
