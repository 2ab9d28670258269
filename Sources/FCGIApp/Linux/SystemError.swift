import Glibc

/// A system call that failed: what was tried, and what the system said.
struct SystemError: Error, CustomStringConvertible {
  /// `errno`
  let code: Int32
  /// What was tried.
  let message: String

  /// Of the last system call of this thread.
  init(_ message: String, code: Int32 = errno) {
    self.message = message
    self.code = code
  }

  var description: String { "\(message): \(String(cString: strerror(code)))" }
}
