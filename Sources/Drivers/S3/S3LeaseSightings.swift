import NIOConcurrencyHelpers

/// Ages of leases where the store reports no times: since when this process has seen a lease unchanged, by its own
/// clock. The lease is at least as old.
final class S3LeaseSightings: Sendable {
  private let sightings = NIOLockedValueBox<[String: (etag: String, at: ContinuousClock.Instant)]>([:])
  /// If there are more, all are forgotten, and writers wait longer for these leases.
  private static let limit = 1000

  /// How long the object at `key` has had this tag. Each renewal changes the tag.
  func age(of key: String, etag: String) -> Duration {
    let now = ContinuousClock.now
    return sightings.withLockedValue { sightings in
      if let seen = sightings[key], seen.etag == etag { return now - seen.at }
      if sightings.count >= Self.limit { sightings = [:] }
      sightings[key] = (etag, now)
      return .zero
    }
  }

  /// Forgets a lease that another writer has taken.
  func forget(_ key: String) {
    sightings.withLockedValue { _ = $0.removeValue(forKey: key) }
  }
}
