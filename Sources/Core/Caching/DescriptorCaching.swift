import NIOConcurrencyHelpers

/// A cache in front of the storage; uses it only under a valid permit and lease.
struct DescriptorCaching: Sendable {
  private let cache: any BlobDescriptorCache
  private let permits: CachePermits
  private let meter: CacheMeter
  /// See ``StorageDriver/concurrency``.
  private let concurrency: Int
  /// Nanoseconds for which a claim need not be written again.
  private let claimHolds: Int64

  /// - Parameter claimHolds: for how long a claim (``BlobStore/claim(_:)``) need not be written again.
  init(_ cache: any BlobDescriptorCache, _ driver: any StorageDriver, claimHolds: Duration, _ meter: CacheMeter) {
    self.cache = cache
    self.meter = meter
    self.claimHolds = claimHolds.nanoseconds
    concurrency = driver.concurrency
    permits = CachePermits(driver)
  }

  /// What was found.
  struct Sighting<Found: Sendable>: Sendable {
    var found: Found
    /// What to cache; nil where it must not be cached.
    var blob: CachedBlob?
  }

  /// What was found of several digests.
  struct Answer<Found: Sendable>: Sendable {
    /// Of each of them, in their order; nil where there is nothing.
    var found: [Found?]
    /// Digests that the cache has and the storage lacks, although the registry has not removed them.
    var vanished: [Digest] = []
  }

  /// What the cache has of each of `digests`, or what `look` finds, and claims, in the storage. The cache is asked
  /// about all digests in one call, and gets all new entries in one call.
  /// - Parameters:
  ///   - repository: nil: in all content.
  ///   - doubts: returns those of the cached blobs that have to be looked up all the same.
  ///   - recall: converts a cached blob to what `look` would have found.
  func find<Found: Sendable>(
    _ digests: [Digest], in repository: RepositoryName?,
    doubts: ([RememberedBlob]) async -> Set<Digest>, recall: (Digest, CachedBlob) -> Found,
    look: @escaping @Sendable (Digest) async throws(StorageError) -> Sighting<Found>?
  ) async throws(StorageError) -> Answer<Found> {
    let pass = await permits.pass(for: cache)
    let findings = pass.map { ask(digests, in: repository, $0) } ?? digests.map { _ in .miss(nil) }
    let now = WallClock.now
    var answer = Answer(found: [Found?](repeating: nil, count: digests.count))
    var remembered: [(index: Int, blob: RememberedBlob)] = []
    var misses: [Int] = []
    for (index, finding) in findings.enumerated() {
      if case .hit(let blob, _) = finding, holds(blob, now) {
        remembered.append((index, RememberedBlob(digest: digests[index], blob: blob)))
      } else {
        misses.append(index)
      }
    }
    let doubtful = remembered.isEmpty ? [] : await doubts(remembered.map(\.blob))
    for (index, blob) in remembered {
      if doubtful.contains(blob.digest) {
        misses.append(index)
      } else {
        answer.found[index] = recall(blob.digest, blob.blob)
      }
    }
    let sightings = try await SideBySide.map(misses.map { digests[$0] }, width: concurrency, look)
    var news: [CacheEntry] = []
    for (index, sighting) in zip(misses, sightings) {
      answer.found[index] = sighting?.found
      if sighting == nil, doubtful.contains(digests[index]) { answer.vanished.append(digests[index]) }
      if let blob = sighting?.blob, let lease = findings[index].lease {
        news.append(CacheEntry(digest: digests[index], blob: blob, lease: lease))
      }
    }
    if let pass {
      meter.count(.hits, digests.count - misses.count)
      meter.count(.misses, misses.count)
      if !news.isEmpty { cache.add(news, in: repository, pass) }
    }
    if !answer.vanished.isEmpty { answer.vanished = await stillRemembered(answer.vanished, in: repository) }
    return answer
  }

  /// Those that the cache still has: entries of contents that the registry has removed meanwhile are gone.
  private func stillRemembered(_ digests: [Digest], in repository: RepositoryName?) async -> [Digest] {
    guard let pass = await permits.pass(for: cache) else { return [] }
    return zip(digests, ask(digests, in: repository, pass)).compactMap { digest, finding in
      if case .hit = finding { digest } else { nil }
    }
  }

  /// The pass and lease to cache a content that is about to be claimed, and made visible in a repository.
  struct Intent: Sendable {
    fileprivate let repository: RepositoryName
    fileprivate let digest: Digest
    fileprivate let pass: CachePass
    fileprivate let lease: CacheLease
  }

  /// Call it before the content is claimed. Then an entry under a permit was also claimed under it: a collection, which
  /// voids all permits before it begins, can rely on the claim being younger than itself.
  func intend(_ digest: Digest, in repository: RepositoryName) async -> Intent? {
    guard let pass = await permits.pass(for: cache),
      let lease = ask([digest], in: repository, pass).first?.lease
    else { return nil }
    return Intent(repository: repository, digest: digest, pass: pass, lease: lease)
  }

  /// Caches the content of `intent`. Call it when the content is visible.
  func remember(_ blob: CachedBlob, _ intent: Intent) {
    cache.add(
      [CacheEntry(digest: intent.digest, blob: blob, lease: intent.lease)], in: intent.repository, intent.pass)
  }

  private func ask(_ digests: [Digest], in repository: RepositoryName?, _ pass: CachePass) -> [CacheFinding] {
    let findings = cache.find(digests, in: repository, pass)
    // The permit may have been closed before the cache answered: then ignore the answer.
    return pass.isValid ? findings : digests.map { _ in .miss(nil) }
  }

  private func holds(_ blob: CachedBlob, _ now: Int64) -> Bool {
    (-claimHolds...claimHolds).contains(now &- blob.claimed)
  }

  // MARK: - Removal

  /// See ``BlobDescriptorCache/beginRemoval(of:in:)``.
  func beginRemoval(of digest: Digest, in repository: RepositoryName?) -> CacheRemoval? {
    cache.beginRemoval(of: digest, in: repository)
  }

  /// See ``BlobDescriptorCache/endRemoval(_:)``.
  func endRemoval(_ removal: CacheRemoval) -> Bool {
    meter.count(.removals, 1)
    return cache.endRemoval(removal)
  }

  /// See ``BlobDescriptorCache/void(_:in:)``.
  func void(_ digests: [Digest], in repository: RepositoryName?) {
    cache.void(digests, in: repository)
  }

  /// See ``BlobDescriptorCache/forget(_:)``.
  func forget(_ repository: RepositoryName) {
    cache.forget(repository)
  }
}

extension CacheFinding {
  /// Under which what is found in the storage from now on may be cached.
  fileprivate var lease: CacheLease? {
    switch self {
    case .hit(_, let lease): lease
    case .miss(let lease): lease
    }
  }
}

/// The permit for the domain that a cache is in now.
private final class CachePermits: Sendable {
  private let driver: any StorageDriver
  private let current = NIOLockedValueBox<CachePermit?>(nil)

  init(_ driver: any StorageDriver) {
    self.driver = driver
  }

  /// nil while the cache must not or can't be used.
  func pass(for cache: any BlobDescriptorCache) async -> CachePass? {
    guard let domain = cache.domain() else { return nil }
    let permit = current.withLockedValue { current in
      if let current, current.domain == domain { return current }
      let permit = CachePermit(domain: domain, driver)
      current = permit
      return permit
    }
    return await permit.pass()
  }
}
