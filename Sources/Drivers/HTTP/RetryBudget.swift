import NIOConcurrencyHelpers

/// Limits retries, so that a failing store does not get five times the load: a retry costs what five successes earn.
final class RetryBudget: Sendable {
  private let tokens: NIOLockedValueBox<Int>
  private let capacity: Int
  /// What a retry costs, where a success earns 1.
  private static let cost = 5

  init(capacity: Int = 500) {
    self.capacity = capacity
    tokens = NIOLockedValueBox(capacity)
  }

  /// Whether a retry may be made.
  func take() -> Bool {
    tokens.withLockedValue { tokens in
      guard tokens >= Self.cost else { return false }
      tokens -= Self.cost
      return true
    }
  }

  func earn() {
    tokens.withLockedValue { $0 = min(capacity, $0 + 1) }
  }
}
