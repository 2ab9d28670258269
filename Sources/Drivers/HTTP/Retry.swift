/// Whether to repeat a request to a store that failed. Each driver reads it from its store's answer.
enum Retry: Equatable {
  case no
  /// After a pause.
  case later
  /// With credentials that were fetched again.
  case withNewCredentials
  /// With the store's time.
  case withItsClock

  /// How often one request is sent at the most.
  static let attempts = 5

  /// How long to wait before the next attempt: exponential with full jitter, so that clients that were refused at the
  /// same time don't come back at the same time.
  /// - Parameter random: 0..<1.
  static func pause(attempt: Int, random: Double) -> Duration {
    let longest = min(2_000, 50 << min(attempt, 10))
    return .microseconds(Int64(Double(longest) * 1000 * random))
  }
}
