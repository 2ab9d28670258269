import NIOConcurrencyHelpers

/// Whether to repeat a request that failed. All requests of the driver are idempotent; callers handle the cases in
/// which the second attempt finds another state.
enum S3Retry: Equatable {
  case no
  /// After a pause.
  case later
  /// With credentials that were fetched again.
  case withNewCredentials
  /// With the store's time.
  case withItsClock

  /// How often one request is sent at the most.
  static let attempts = 5

  /// - Parameter attempt: how often it was sent, from 1.
  init(_ failure: S3Failure, attempt: Int) {
    guard attempt < Self.attempts else {
      self = .no
      return
    }
    switch failure.transport {
    case .lost?, .timeout?:
      self = .later
      return
    case .untrusted?, .malformed?, .tooLong?, .cancelled?:
      self = .no
      return
    case nil: break
    }
    switch failure.code {
    case "ExpiredToken", "InvalidToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidAccessKeyId":
      self = attempt == 1 ? .withNewCredentials : .no
    case "RequestTimeTooSkewed": self = attempt == 1 ? .withItsClock : .no
    case "SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "Throttling", "ThrottlingException",
      "TooManyRequests", "OperationAborted", "ConditionalRequestConflict":
      self = .later
    default:
      switch failure.status {
      case 429, 500, 502, 503, 504: self = .later
      default: self = .no
      }
    }
  }

  /// How long to wait before the next attempt: exponential with full jitter, so that clients that were refused at the
  /// same time don't come back at the same time.
  /// - Parameter random: 0..<1.
  static func pause(attempt: Int, random: Double) -> Duration {
    let longest = min(2_000, 50 << min(attempt, 10))
    return .microseconds(Int64(Double(longest) * 1000 * random))
  }
}

/// Limits retries, so that a failing store does not get five times the load: a retry costs what five successes earn.
final class S3RetryBudget: Sendable {
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
