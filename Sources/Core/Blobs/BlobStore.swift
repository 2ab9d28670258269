/// All content of the registry, by digest, whatever repository it belongs to.
public struct BlobStore: Sendable {
  let driver: any StorageDriver
  /// Where it is told what is damaged; nil: nowhere.
  let damage: DamageLog?
  /// What is asked before the storage; nil: nothing.
  let cache: DescriptorCaching?
  /// Where removals are announced: who looks for that.
  let watch: RemovalWatch?

  /// Over a driver.
  public init(driver: any StorageDriver, damage: DamageLog? = nil) {
    self.init(driver: driver, damage: damage, cache: nil)
  }

  init(driver: any StorageDriver, damage: DamageLog?, cache: DescriptorCaching?) {
    self.driver = driver
    self.damage = damage
    self.cache = cache
    watch = driver.removalTiming.map { RemovalWatch(driver, $0) }
  }

  /// How what is here, or links to it, is taken away.
  var invalidation: CacheInvalidation { CacheInvalidation(driver, cache) }

  /// The size of a content in bytes; nil where it isn't there. A file that a crash has left empty counts as absent.
  public func size(of digest: Digest) async throws(StorageError) -> Int64? {
    try await entry(of: digest)?.size
  }

  /// As `size(of:)`, before a client is told that the content is there: garbage collection leaves it alone from now
  /// on, for as long as `maintenance.garbagecollection.grace` says.
  ///
  /// That is written down as the time of the file's last modification, or that of an object beside it, where it hasn't
  /// been within an interval.
  public func claim(_ digest: Digest) async throws(StorageError) -> Int64? {
    try await claimInStorage(digest)?.size
  }

  /// As `claim`, where it was claimed lately by a look that it is there: for content that may be taken from anywhere.
  func claimRemembered(_ digest: Digest) async throws(StorageError) -> Claim? {
    guard let cache else { return try await claimInStorage(digest) }
    let answer = try await cache.find([digest], in: nil) { blobs in
      await RememberedBlobs(driver, in: nil).doubtful(blobs, isBinding: true)
    } recall: { _, blob in
      Claim(size: blob.size, modified: blob.claimed, claimed: blob.claimed)
    } look: { digest throws(StorageError) in
      try await claimInStorage(digest).map { claim in .init(found: claim, blob: claim.cached) }
    }
    if let vanished = answer.vanished.first {
      damage?.note(StorageLayout.blobData(vanished), "was removed behind the registry's back")
      await invalidation.forget([vanished], in: nil)
    }
    return answer.found.first.flatMap { $0 }
  }

  /// Content that garbage collection has been told of.
  struct Claim {
    /// Bytes.
    var size: Int64
    /// When the content was last modified before that.
    var modified: Int64
    /// When garbage collection was told, in nanoseconds since 1970; nil where it can't be.
    var claimed: Int64?
    /// Whether it is the first time, as far as is known, that the content was found under this claim.
    var isNew = false

    /// What a cache may remember.
    var cached: CachedBlob? { claimed.map { CachedBlob(size: size, claimed: $0) } }
  }

  /// As `claim`, with what there is to know.
  /// - Parameter isComing: whether the content is about to be put, if it isn't there.
  func claimInStorage(_ digest: Digest, isComing: Bool = false) async throws(StorageError) -> Claim? {
    if let watch { return try await claimBeside(digest, isComing: isComing, watch) }
    for _ in 1...BlobStore.attempts {
      let now = WallClock.now
      guard let entry = try await entry(of: digest) else { return nil }
      var claim = Claim(size: entry.size, modified: entry.modified, claimed: now)
      if entry.modified > now - BlobStore.claimInterval { return claim }
      do {
        try await driver.touch(StorageLayout.blobData(digest))
        return claim
      } catch  where error.code == .notFound {
        // It was condemned in between.
      } catch  where error.code == .denied {
        // Storage that this process can only read, or somebody else's files: it can't be claimed, but it is there.
        claim.claimed = nil
        return claim
      }
    }
    throw StorageError(.unavailable, "find \(digest)", cause: "it comes and goes")
  }

  /// Nanoseconds for which a claim is not made again, so that asking for the same content all the time costs nothing.
  /// Garbage collection adds them to the grace.
  static let claimInterval: Int64 = 250_000_000

  /// How often what was condemned is looked for again.
  static let attempts = 10

  func entry(of digest: Digest) async throws(StorageError) -> StorageEntry? {
    let path = StorageLayout.blobData(digest)
    for _ in 1...BlobStore.attempts {
      do {
        let entry = try await driver.stat(path)
        if !entry.isDirectory && (entry.size > 0 || digest.isOfNothing) { return entry }
        damage?.note(path, "is \(entry.isDirectory ? "a directory" : "empty")")
        return nil
      } catch  where error.code == .notFound {
        guard try await Condemnation.rescue(path, driver) else { return nil }
      } catch  where error.code == .irregular {
        damage?.note(path, "can't be read (\(error.cause ?? error.message))")
        return nil
      }
    }
    return nil
  }

  /// A small content, whole; nil where it isn't there. Longer than `limit` bytes: throws `.tooLarge`.
  public func content(of digest: Digest, limit: Int) async throws(StorageError) -> [UInt8]? {
    let path = StorageLayout.blobData(digest)
    for _ in 1...BlobStore.attempts {
      do {
        return try await driver.content(at: path, limit: limit)
      } catch  where error.code == .notFound {
        guard try await Condemnation.rescue(path, driver) else { return nil }
      } catch  where error.code == .irregular {
        damage?.note(path, "can't be read (\(error.cause ?? error.message))")
        return nil
      }
    }
    return nil
  }

  /// Keeps a small content under its digest. The caller has computed the digest.
  /// - Returns: whether it was written, to last with the next change (`Durability.withNext`). Content that is there
  ///   already, whole, is left alone, and lasts.
  @discardableResult
  public func put(_ content: [UInt8], digest: Digest) async throws(StorageError) -> Bool {
    if try await claimInStorage(digest, isComing: true)?.size == Int64(content.count),
      try await self.content(of: digest, limit: content.count) == content
    {
      do {
        try await driver.settle(StorageLayout.blobData(digest))
        return false
      } catch  where error.code == .notFound {
        // It was condemned in between.
      }
    }
    try await driver.put(content, at: StorageLayout.blobData(digest), durability: .withNext)
    return true
  }

  /// Opens a content for reading from `offset` (bytes) on.
  public func reader(of digest: Digest, from offset: Int64 = 0) async throws(StorageError) -> any StorageReader {
    try await driver.reader(at: StorageLayout.blobData(digest), from: offset)
  }
}
