import Core
import Glibc

/// The time format of logs: RFC 3339 with milliseconds, UTC (`2026-01-02T03:04:05.678Z`).
struct Timestamp: Sendable {
  /// Seconds since 1970.
  let seconds: Int
  let milliseconds: Int

  /// Now.
  static var now: Timestamp {
    let milliseconds = WallClock.now / 1_000_000
    return Timestamp(seconds: Int(milliseconds / 1000), milliseconds: Int(milliseconds % 1000))
  }

  var text: String { second + fraction }

  /// `2026-01-02T03:04:05`
  var second: String {
    var seconds = seconds
    var parts = tm()
    gmtime_r(&seconds, &parts)
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
      guard let start = buffer.baseAddress, strftime(start, buffer.count, "%Y-%m-%dT%H:%M:%S", &parts) > 0 else {
        return "-"
      }
      return String(cString: start)
    }
  }

  /// `.678Z`
  var fraction: String { ".\(String(1000 + milliseconds).dropFirst())Z" }
}
