import Glibc

/// A point of time as logs write it.
struct Timestamp: Sendable {
  /// Seconds since 1970.
  let seconds: Int

  /// Now.
  static var now: Timestamp { Timestamp(seconds: time(nil)) }

  /// RFC 3339, UTC: `2026-01-02T03:04:05Z`
  var rfc3339: String {
    var seconds = seconds
    var parts = tm()
    gmtime_r(&seconds, &parts)
    return format(&parts, "%Y-%m-%dT%H:%M:%SZ")
  }

  /// Apache's: `02/Jan/2026:03:04:05 +0000`, local time.
  var commonLog: String {
    var seconds = seconds
    var parts = tm()
    localtime_r(&seconds, &parts)
    return format(&parts, "%d/%b/%Y:%H:%M:%S %z")
  }

  private func format(_ parts: inout tm, _ form: String) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
      guard let start = buffer.baseAddress, strftime(start, buffer.count, form, &parts) > 0 else { return "-" }
      return String(cString: start)
    }
  }
}
