import Glibc
// Where optimised builds find `timespec`.
import SwiftOverlayShims

/// The time of day, as files bear it.
public enum WallClock {
  /// Nanoseconds since 1970.
  public static var now: Int64 {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Int64(now.tv_sec) &* 1_000_000_000 &+ Int64(now.tv_nsec)
  }

  /// Seconds since 1970, when `duration` is over.
  package static func seconds(after duration: Duration) -> Int64 {
    let (sum, overflow) = (now / 1_000_000_000).addingReportingOverflow(duration.components.seconds)
    return overflow ? .max : sum
  }
}
