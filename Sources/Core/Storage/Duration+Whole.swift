/// Durations as whole numbers, for clocks and calls of the system. What is too long to be counted is as long as can be.
extension Duration {
  /// Nanoseconds, at most as many as a time may have: see ``WallClock/range``.
  package var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    return WallClock.time(seconds: seconds, nanoseconds: attoseconds / 1_000_000_000)
  }

  /// Milliseconds, rounded up, so that waiting for them is never too short.
  package var milliseconds: Int64 {
    let nanoseconds = nanoseconds
    return nanoseconds / 1_000_000 + (nanoseconds % 1_000_000 > 0 ? 1 : 0)
  }
}
