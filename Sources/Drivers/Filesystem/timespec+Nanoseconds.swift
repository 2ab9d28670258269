import Core
import Glibc

extension timespec {
  /// Nanoseconds since 1970, as far as they can be counted (``WallClock/range``): a damaged disk may hold any time.
  var nanoseconds: Int64 { WallClock.time(seconds: Int64(tv_sec), nanoseconds: Int64(tv_nsec)) }
}
