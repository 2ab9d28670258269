import NIOConcurrencyHelpers

/// A claim that this process has made: from then on garbage collection sees that the content is wanted.
struct MadeClaim: Sendable {
  /// Before it was made.
  fileprivate let begin: ContinuousClock.Instant
  /// The same by the time of day, in nanoseconds since 1970.
  let time: Int64
  /// Whether the content was there after that.
  fileprivate(set) var wasSeen = false
}

extension RemovalWatch {
  /// Writes the claim of a content, unless this process has written it less than `claimInterval` ago.
  func claim(_ digest: Digest) async throws(StorageError) -> MadeClaim {
    if let made = madeClaim(of: digest) { return made }
    let made = MadeClaim(begin: .now, time: WallClock.now)
    try await driver.put(Array("wanted\n".utf8), at: StorageLayout.blobClaim(digest), durability: .process)
    claims.withLockedValue { $0.store(made, for: digest) }
    return made
  }

  /// The claim that this process has made less than an interval ago.
  func madeClaim(of digest: Digest) -> MadeClaim? {
    claims.withLockedValue { claims in
      guard let made = claims.value(for: digest) else { return nil }
      if ContinuousClock.now - made.begin < timing.claimInterval { return made }
      claims.remove(digest)
      return nil
    }
  }

  /// Notes that the content existed after the claim was written.
  func saw(_ digest: Digest, _ made: MadeClaim) {
    guard !made.wasSeen, timing.claimInterval > .zero else { return }
    var made = made
    made.wasSeen = true
    claims.withLockedValue { $0.store(made, for: digest) }
  }

  /// Forgets a claim that may be gone.
  func forget(_ digest: Digest) {
    claims.withLockedValue { $0.remove(digest) }
  }
}
