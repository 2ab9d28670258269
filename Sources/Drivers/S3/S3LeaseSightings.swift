import NIOConcurrencyHelpers

/// Since when this process has seen leases unchanged whose age the store does not tell: by its own clock, they are at
/// least as old as that.
final class S3LeaseSightings: Sendable {
  private let sightings = NIOLockedValueBox<[String: (etag: String, at: ContinuousClock.Instant)]>([:])
  /// Where there are more, all are forgotten: their writers wait longer.
  private static let limit = 1000

  /// For how long the object at `key` has had this tag. Each renewal gives it another one.
  func age(of key: String, etag: String) -> Duration {
    let now = ContinuousClock.now
    return sightings.withLockedValue { sightings in
      if let seen = sightings[key], seen.etag == etag { return now - seen.at }
      if sightings.count >= Self.limit { sightings = [:] }
      sightings[key] = (etag, now)
      return .zero
    }
  }

  /// Forgets a lease that is taken over: its next writer is another one.
  func forget(_ key: String) {
    sightings.withLockedValue { _ = $0.removeValue(forKey: key) }
  }
}
