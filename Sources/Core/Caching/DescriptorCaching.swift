import NIOConcurrencyHelpers

/// A cache in front of the storage, and the rules by which one goes by it.
struct DescriptorCaching: Sendable {
  private let cache: any BlobDescriptorCache
  private let permits: CachePermits
  private let meter: CacheMeter
  /// See ``StorageDriver/concurrency``.
  private let concurrency: Int
  /// Nanoseconds for which garbage collection need not be told again that a content is wanted.
  private let claimHolds: Int64

  /// - Parameter claimHolds: for how long a claim that was made (``BlobStore/claim(_:)``) need not be made again.
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
    /// What there is to remember; nil where it must not be.
    var blob: CachedBlob?
  }

  /// What was found of several digests.
  struct Answer<Found: Sendable>: Sendable {
    /// Of each of them, in their order; nil where there is nothing.
    var found: [Found?]
    /// Those that the cache remembers and the storage has not, though the registry has not removed them.
    var vanished: [Digest] = []
  }

  /// What is remembered of each of `digests`, or what `look` finds, and claims, in the storage. The cache is asked
  /// about all of them at once, and told of what is new at once.
  /// - Parameters:
  ///   - repository: nil: in all content.
  ///   - doubts: says which of the blobs that are remembered can't be answered for without a look.
  ///   - recall: makes of what is remembered what `look` would have found.
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

  /// Those that the cache tells of still: what the registry has removed meanwhile, it has forgotten.
  private func stillRemembered(_ digests: [Digest], in repository: RepositoryName?) async -> [Digest] {
    guard let pass = await permits.pass(for: cache) else { return [] }
    return zip(digests, ask(digests, in: repository, pass)).compactMap { digest, finding in
      if case .hit = finding { digest } else { nil }
    }
  }

  /// What it takes to remember a content that is about to be claimed, and made visible in a repository.
  struct Intent: Sendable {
    fileprivate let repository: RepositoryName
    fileprivate let digest: Digest
    fileprivate let pass: CachePass
    fileprivate let lease: CacheLease
  }

  /// To be called before the content is claimed: what is remembered under a permit was claimed under it, so that a
  /// collection that has voided all others before it began may take the claim for younger than itself.
  func intend(_ digest: Digest, in repository: RepositoryName) async -> Intent? {
    guard let pass = await permits.pass(for: cache),
      let lease = ask([digest], in: repository, pass).first?.lease
    else { return nil }
    return Intent(repository: repository, digest: digest, pass: pass, lease: lease)
  }

  /// Remembers what was intended, once it is visible.
  func remember(_ blob: CachedBlob, _ intent: Intent) {
    cache.add(
      [CacheEntry(digest: intent.digest, blob: blob, lease: intent.lease)], in: intent.repository, intent.pass)
  }

  private func ask(_ digests: [Digest], in repository: RepositoryName?, _ pass: CachePass) -> [CacheFinding] {
    let findings = cache.find(digests, in: repository, pass)
    // What was said once the permit may have been taken away counts for nothing.
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
  /// Under which what is found in the storage from now on may be remembered.
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

  /// nil while nobody may go by the cache, or it can't be used.
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
