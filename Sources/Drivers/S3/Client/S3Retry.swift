import NIOConcurrencyHelpers

/// Whether a request that failed is worth another try. Each request that the driver makes may be carried out twice
/// without harm; those that may not find what they expect the second time say so where they are made.
enum S3Retry: Equatable {
  case no
  /// After a pause.
  case later
  /// With credentials that were asked for anew.
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

  /// How long to wait before the next attempt: exponential, and spread over all of it, so that those who were refused
  /// together don't come back together.
  /// - Parameter random: 0..<1.
  static func pause(attempt: Int, random: Double) -> Duration {
    let longest = min(2_000, 50 << min(attempt, 10))
    return .microseconds(Int64(Double(longest) * 1000 * random))
  }
}

/// Keeps a store that fails from being asked five times as much: retries cost what successes earn.
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
