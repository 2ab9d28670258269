import Glibc

extension timespec {
  /// Since 1970. A time too far away for the type, as a damaged disk may hold, wraps.
  var nanoseconds: Int64 { Int64(tv_sec) &* 1_000_000_000 &+ Int64(tv_nsec) }
}

extension Duration {
  /// Whole nanoseconds; what is too long for the type is as long as it can be.
  var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? (seconds < 0 ? .min : .max) : whole &+ attoseconds / 1_000_000_000
  }
}
