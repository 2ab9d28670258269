import Glibc

/// A failed system call: what was tried, and the system's reason.
struct SystemError: Error, CustomStringConvertible {
  /// `errno`
  let code: Int32
  /// What was tried.
  let message: String

  /// - Parameter code: the system's reason; by default that of this thread's last system call.
  init(_ message: String, code: Int32 = errno) {
    self.message = message
    self.code = code
  }

  var description: String { "\(message): \(String(cString: strerror(code)))" }
}
