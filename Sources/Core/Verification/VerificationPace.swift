/// Holds reading to a rate. Nothing but time, so that it can be tested.
struct VerificationPace {
  private let rate: Int64?
  private var readyAt: ContinuousClock.Instant

  /// - Parameter rate: bytes in a second; nil: as fast as it goes.
  init(rate: Int64?, now: ContinuousClock.Instant) {
    self.rate = rate
    readyAt = now
  }

  /// How long to wait after `bytes` more were read. After idle time, the rate does not rise to catch up.
  mutating func delay(after bytes: Int64, now: ContinuousClock.Instant) -> Duration {
    guard let rate, rate > 0 else { return .zero }
    readyAt = max(readyAt, now) + .nanoseconds(Int64((Double(bytes) / Double(rate) * 1e9).rounded()))
    return readyAt - now
  }
}
