import Glibc

/// The time of day in nanoseconds since 1970.
func now() -> Int64 {
  var now = timespec()
  clock_gettime(CLOCK_REALTIME, &now)
  return now.nanoseconds
}

extension timespec {
  /// Since 1970. A time too far away for the type, as a damaged disk may hold, wraps.
  var nanoseconds: Int64 { Int64(tv_sec) &* 1_000_000_000 &+ Int64(tv_nsec) }
}
