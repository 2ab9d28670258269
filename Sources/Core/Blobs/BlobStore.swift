/// All content of the registry, by digest, whatever repository it belongs to.
public struct BlobStore: Sendable {
  let driver: any StorageDriver
  /// Where it is told what is damaged; nil: nowhere.
  let damage: DamageLog?

  /// Over a driver.
  public init(driver: any StorageDriver, damage: DamageLog? = nil) {
    self.driver = driver
    self.damage = damage
  }

  /// The size of a content in bytes; nil where it isn't there. A file that a crash has left empty counts as absent.
  public func size(of digest: Digest) async throws(StorageError) -> Int64? {
    try await entry(of: digest)?.size
  }

  /// As `size(of:)`, before a client is told that the content is there: garbage collection leaves it alone from now
  /// on, for as long as `maintenance.garbagecollection.grace` says.
  ///
  /// That is written down as the time of the file's last modification, where it hasn't been within `claimInterval`.
  public func claim(_ digest: Digest) async throws(StorageError) -> Int64? {
    try await claimEntry(digest)?.size
  }

  /// As `claim`, and when the content was last modified before that.
  func claimEntry(_ digest: Digest) async throws(StorageError) -> StorageEntry? {
    for _ in 1...BlobStore.attempts {
      guard let entry = try await entry(of: digest) else { return nil }
      if entry.modified > WallClock.now - BlobStore.claimInterval { return entry }
      do {
        try await driver.touch(StorageLayout.blobData(digest))
        return entry
      } catch  where error.code == .notFound {
        // It was condemned in between.
      } catch  where error.code == .denied {
        // Storage that this process can only read, or somebody else's files: it can't be claimed, but it is there.
        return entry
      }
    }
    throw StorageError(.unavailable, "find \(digest)", cause: "it comes and goes")
  }

  /// Nanoseconds for which a claim is not made again, so that asking for the same content all the time costs nothing.
  /// Garbage collection adds them to the grace.
  static let claimInterval: Int64 = 250_000_000

  /// How often what was condemned is looked for again.
  private static let attempts = 10

  private func entry(of digest: Digest) async throws(StorageError) -> StorageEntry? {
    let path = StorageLayout.blobData(digest)
    for _ in 1...BlobStore.attempts {
      do {
        let entry = try await driver.stat(path)
        if !entry.isDirectory && (entry.size > 0 || digest.isOfNothing) { return entry }
        damage?.note(path, "is \(entry.isDirectory ? "a directory" : "empty")")
        return nil
      } catch  where error.code == .notFound {
        guard try await Condemnation.rescue(path, driver) else { return nil }
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
      }
    }
    return nil
  }

  /// Keeps a small content under its digest. The caller has computed the digest.
  /// - Returns: whether it was written, to last with the next change (`Durability.withNext`). Content that is there
  ///   already, whole, is left alone, and lasts.
  @discardableResult
  public func put(_ content: [UInt8], digest: Digest) async throws(StorageError) -> Bool {
    if try await claim(digest) == Int64(content.count),
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
