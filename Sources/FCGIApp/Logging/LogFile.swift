import Glibc

/// The file that standard error may be.
enum LogFile {
  /// Has every line written to the end of the file, wherever that is by then: a file that is rotated by copying and
  /// truncating (logrotate's `copytruncate`) would otherwise begin with a gap as long as what was copied.
  static func appendAlways() {
    var status = stat()
    guard fstat(STDERR_FILENO, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return }
    let flags = fcntl(STDERR_FILENO, F_GETFL)
    if flags >= 0 { _ = fcntl(STDERR_FILENO, F_SETFL, flags | O_APPEND) }
  }
}
