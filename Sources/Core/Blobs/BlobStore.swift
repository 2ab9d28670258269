/// All content of the registry, by digest, whatever repository it belongs to.
public struct BlobStore: Sendable {
  let driver: any StorageDriver

  /// Over a driver.
  public init(driver: any StorageDriver) {
    self.driver = driver
  }

  /// The size of a content in bytes; nil where it isn't there. A file that a crash has left empty counts as absent.
  public func size(of digest: Digest) async throws(StorageError) -> Int64? {
    do {
      let entry = try await driver.stat(StorageLayout.blobData(digest))
      guard !entry.isDirectory, entry.size > 0 || digest.isOfNothing else { return nil }
      return entry.size
    } catch  where error.code == .notFound {
      return nil
    }
  }

  /// A small content, whole; nil where it isn't there. Longer than `limit` bytes: throws `.tooLarge`.
  public func content(of digest: Digest, limit: Int) async throws(StorageError) -> [UInt8]? {
    do {
      return try await driver.content(at: StorageLayout.blobData(digest), limit: limit)
    } catch  where error.code == .notFound {
      return nil
    }
  }

  /// Keeps a small content under its digest, durably. The caller has computed the digest.
  /// Content that is there already, whole, is left alone.
  public func put(_ content: [UInt8], digest: Digest) async throws(StorageError) {
    if try await size(of: digest) == Int64(content.count),
      try await self.content(of: digest, limit: content.count) == content
    {
      return
    }
    try await driver.put(content, at: StorageLayout.blobData(digest), durability: .powerLoss)
  }

  /// Opens a content for reading from `offset` (bytes) on.
  public func reader(of digest: Digest, from offset: Int64 = 0) async throws(StorageError) -> any StorageReader {
    try await driver.reader(at: StorageLayout.blobData(digest), from: offset)
  }
}
