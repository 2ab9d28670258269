/// A circuit breaker: decides when a failing Redis is not used, and when it is tried again. Has no effects, so that it
/// can be tested.
struct RedisBreaker: Sendable {
  enum Decision: Equatable {
    /// Use Redis.
    case pass
    /// Fail at once.
    case fail
    /// Fail at once, and let a background task try Redis.
    case probe
  }

  private enum State {
    case closed(failures: Int)
    case open(until: ContinuousClock.Instant, pause: Duration)
    case probing(pause: Duration)
  }

  /// Failures in a row after which it opens. A single timeout opens it, too.
  static let threshold = 3
  /// The first pause; each one that follows is twice as long.
  static let firstPause = Duration.milliseconds(100)
  /// The longest pause, which bounds how long a Redis that came back goes unused.
  static let longestPause = Duration.seconds(2)

  private var state = State.closed(failures: 0)

  /// Whether it is closed and has counted no failure.
  var isCalm: Bool {
    if case .closed(failures: 0) = state { true } else { false }
  }

  mutating func decide(at now: ContinuousClock.Instant) -> Decision {
    switch state {
    case .closed:
      return .pass
    case .open(let until, let pause):
      guard now >= until else { return .fail }
      state = .probing(pause: pause)
      return .probe
    case .probing:
      return .fail
    }
  }

  /// - Returns: whether it opened now.
  mutating func failed(isTimeout: Bool, at now: ContinuousClock.Instant) -> Bool {
    guard case .closed(let failures) = state else { return false }
    guard isTimeout || failures + 1 >= RedisBreaker.threshold else {
      state = .closed(failures: failures + 1)
      return false
    }
    state = .open(until: now + RedisBreaker.firstPause, pause: RedisBreaker.firstPause)
    return true
  }

  /// Call it after a success. Ignored while open: another server of a cluster may still hang.
  mutating func succeeded() {
    if case .closed = state { state = .closed(failures: 0) }
  }

  /// Call it when the trial that `probe` asked for is over.
  mutating func probed(success: Bool, at now: ContinuousClock.Instant) {
    guard case .probing(let pause) = state else { return }
    guard !success else {
      state = .closed(failures: 0)
      return
    }
    let next = min(pause * 2, RedisBreaker.longestPause)
    state = .open(until: now + next, pause: next)
  }
}
