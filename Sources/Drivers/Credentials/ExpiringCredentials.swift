/// Credentials for a service that gives new ones before these expire.
protocol ExpiringCredentials: Sendable, Equatable {
  /// What they are for, in messages.
  static var service: String { get }

  /// When they expire, in nanoseconds since 1970; nil: never.
  var expiration: Int64? { get }
}

extension ExpiringCredentials {
  /// Whether they are still valid `margin` nanoseconds after `now`.
  func holds(at now: Int64, margin: Int64 = 0) -> Bool {
    guard let expiration else { return true }
    let (end, overflow) = now.addingReportingOverflow(margin)
    return !overflow && expiration > end
  }
}
