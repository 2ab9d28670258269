/// All content of the registry, by digest, whatever repository it belongs to.
public struct BlobStore: Sendable {
  let driver: any StorageDriver
  /// Gets damaged files; nil: they are not logged.
  let damage: DamageLog?
  /// Cache in front of the storage; nil: none.
  let cache: DescriptorCaching?
  /// How content is claimed, and removed beside requests.
  let removal: any RemovalProtocol

  /// Over a driver.
  public init(driver: any StorageDriver, damage: DamageLog? = nil) {
    self.init(driver: driver, damage: damage, cache: nil)
  }

  init(driver: any StorageDriver, damage: DamageLog?, cache: DescriptorCaching?) {
    self.driver = driver
    self.damage = damage
    self.cache = cache
    removal = driver.removalProtocol
  }

  /// Removes content, or links to it, so that no cache returns it afterwards.
  var invalidation: CacheInvalidation { CacheInvalidation(driver, cache) }

  /// The size of a content in bytes; nil where it isn't there. A file that a crash has left empty counts as absent.
  public func size(of digest: Digest) async throws(StorageError) -> Int64? {
    try await entry(of: digest)?.size
  }

  /// As `size(of:)`, but claims the content, before a client gets to know that it exists: garbage collection keeps it
  /// from now on, for as long as `maintenance.garbagecollection.grace` says.
  ///
  /// The claim is the content's modification time, or that of an object beside it. It is written at most once per
  /// interval.
  public func claim(_ digest: Digest) async throws(StorageError) -> Int64? {
    try await claimInStorage(digest)?.size
  }

  /// As `claim`, but answers from the cache if the content was claimed lately: for mounts from any repository.
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

  /// A content that was found, and claimed so that garbage collection keeps it.
  struct Claim {
    /// Bytes.
    var size: Int64
    /// When the content was last modified before the claim, in nanoseconds since 1970.
    var modified: Int64
    /// When it was claimed, in nanoseconds since 1970; nil where the claim can't be written.
    var claimed: Int64?
    /// Whether this process has not found the content under this claim before, as far as it remembers.
    var isNew = false

    /// What a cache may remember.
    var cached: CachedBlob? { claimed.map { CachedBlob(size: size, claimed: $0) } }
  }

  /// As `claim`, always in the storage, and with the times.
  /// - Parameter isComing: whether the content is about to be put, if it isn't there.
  func claimInStorage(_ digest: Digest, isComing: Bool = false) async throws(StorageError) -> Claim? {
    try await removal.claim(digest, isComing: isComing, in: self)
  }

  /// Attempts to find a content while a collection moves it aside.
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
        guard try await removal.restore(path) else { return nil }
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
        guard try await removal.restore(path) else { return nil }
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
        // It was moved aside in between.
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
