/// Decides when a failing Redis is left alone, and when it is tried again. Nothing but decisions, so that it can be
/// tested.
struct RedisBreaker: Sendable {
  enum Decision: Equatable {
    /// Go on.
    case pass
    /// Fail at once.
    case fail
    /// Fail at once, and have somebody try who can wait.
    case probe
  }

  private enum State {
    case closed(failures: Int)
    case open(until: ContinuousClock.Instant, pause: Duration)
    case probing(pause: Duration)
  }

  /// Failures in a row after which it opens. One that took a timeout is enough by itself.
  static let threshold = 3
  /// The first pause; each one that follows is twice as long.
  static let firstPause = Duration.milliseconds(100)
  /// The longest pause, which bounds how long a Redis that came back goes unused.
  static let longestPause = Duration.seconds(2)

  private var state = State.closed(failures: 0)

  /// Whether there is nothing to be decided.
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

  /// Something went well. While it is open that proves nothing: another server of a cluster may still hang.
  mutating func succeeded() {
    if case .closed = state { state = .closed(failures: 0) }
  }

  /// The trial that a decision asked for is over.
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
