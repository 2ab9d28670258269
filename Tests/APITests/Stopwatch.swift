import Glibc

/// What time has passed by two clocks: for the message of a failure, which one that was set may have caused.
struct Stopwatch: CustomStringConvertible {
  private let steady = ContinuousClock.now
  private let wall = Stopwatch.wall

  private static var wall: Duration {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }

  var description: String { "\(ContinuousClock.now - steady) passed, \(Self.wall - wall) by the clock on the wall" }
}
