/// All requests of the driver are idempotent; callers handle the cases in which the second attempt finds another state.
extension Retry {
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
}
