import Glibc
// Where optimised builds find `timespec`.
import SwiftOverlayShims

/// The time of day, as files bear it: nanoseconds since 1970.
///
/// Whatever brings a time in from outside (a disk, an object store, Redis, a file's content) brings it into ``range``.
/// Then the difference of two times fits an Int64, as does a time with a duration (`Duration.nanoseconds`) added or
/// taken away once: arithmetic past that boundary needs no checks.
public enum WallClock {
  /// From 1823 to 2116: half of what an Int64 holds.
  package static let range = -(Int64.max / 2)...Int64.max / 2

  /// Now.
  public static var now: Int64 {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return time(seconds: Int64(now.tv_sec), nanoseconds: Int64(now.tv_nsec))
  }

  /// A time from outside, which is the nearest one in ``range`` where it is beyond.
  package static func time(seconds: Int64, nanoseconds: Int64) -> Int64 {
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, overflows) = whole.addingReportingOverflow(nanoseconds)
    return clamped(overflow || overflows ? (seconds < 0 ? .min : .max) : sum)
  }

  /// The time in ``range`` that is nearest to `time`.
  package static func clamped(_ time: Int64) -> Int64 {
    min(max(time, range.lowerBound), range.upperBound)
  }

  /// Seconds since 1970, when `duration` is over.
  package static func seconds(after duration: Duration) -> Int64 {
    (now + duration.nanoseconds) / 1_000_000_000
  }
}
