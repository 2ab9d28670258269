import Dispatch
import Logging
import NIOConcurrencyHelpers
import Synchronization

/// Shared by all connections of a client: the breaker, the counters and the log.
final class RedisGate: Sendable {
  let statistics: RedisStatistics
  let log: RedisLog
  private let breaker = NIOLockedValueBox(RedisBreaker())
  /// Whether the breaker has to be asked: while Redis is healthy, no thread takes its lock.
  private let isTroubled = Atomic(false)
  private let lastFailure = NIOLockedValueBox<RedisError?>(nil)
  private let prober = NIOLockedValueBox<(@Sendable () -> Bool)?>(nil)
  /// Runs trials; has a thread only while one runs.
  private let queue = DispatchQueue(label: "berth.redis")

  init(_ statistics: RedisStatistics, _ logger: Logger) {
    self.statistics = statistics
    log = RedisLog(logger)
  }

  /// Sets the function that tries Redis while the breaker is open. It returns whether Redis can be used.
  func setProber(_ probe: @escaping @Sendable () -> Bool) {
    prober.withLockedValue { $0 = probe }
  }

  /// Throws `.unavailable` at once while the breaker is open.
  func pass() throws(RedisError) {
    guard isTroubled.load(ordering: .relaxed) else { return }
    switch breaker.withLockedValue({ $0.decide(at: .now) }) {
    case .pass:
      return
    case .probe:
      queue.async { [weak self] in self?.probe() }
    case .fail:
      break
    }
    let cause = lastFailure.withLockedValue { $0 }
    throw RedisError(.unavailable, "Redis failed a moment ago", cause: cause?.description)
  }

  /// Counts a failure and logs it.
  func note(_ error: RedisError) {
    statistics.note(error)
    log.note(error)
    guard error.countsAsFailure else { return }
    lastFailure.withLockedValue { $0 = error }
    let opened = breaker.withLockedValue { breaker in
      let opened = breaker.failed(isTimeout: error.code == .timeout, at: .now)
      isTroubled.store(!breaker.isCalm, ordering: .relaxed)
      return opened
    }
    if opened { statistics.breakerOpenings.add(1, ordering: .relaxed) }
  }

  /// Call it after a success.
  func noteSuccess() {
    guard isTroubled.load(ordering: .relaxed) else { return }
    breaker.withLockedValue { breaker in
      breaker.succeeded()
      isTroubled.store(!breaker.isCalm, ordering: .relaxed)
    }
  }

  private func probe() {
    let probe = prober.withLockedValue { $0 }
    let success = probe?() ?? false
    breaker.withLockedValue { breaker in
      breaker.probed(success: success, at: .now)
      isTroubled.store(!breaker.isCalm, ordering: .relaxed)
    }
    if success { log.note("back", .notice, "Redis: it is used again") }
  }
}
