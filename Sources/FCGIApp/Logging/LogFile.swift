import Glibc

/// Standard error, if it is a file.
enum LogFile {
  /// Sets O_APPEND, so that every line is written to the present end of the file: after a rotation by copying and
  /// truncating (logrotate's `copytruncate`), the file would otherwise begin with a gap.
  static func appendAlways() {
    var status = stat()
    guard fstat(STDERR_FILENO, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return }
    let flags = fcntl(STDERR_FILENO, F_GETFL)
    if flags >= 0 { _ = fcntl(STDERR_FILENO, F_SETFL, flags | O_APPEND) }
  }
}
