/// The blobs that one repository may see: content that a link in the repository points to.
public struct LinkedBlobStore: Sendable {
  /// The repository.
  public let repository: RepositoryName
  /// All content.
  public let blobs: BlobStore

  /// A repository's view.
  public init(repository: RepositoryName, blobs: BlobStore) {
    self.repository = repository
    self.blobs = blobs
  }

  /// A blob that the repository may see, and where its content lies.
  public struct Blob: Sendable, Equatable {
    /// The digest that it is known by here.
    public var digest: Digest
    /// The digest that its content is kept under: docker/distribution keeps what was pushed by its SHA-512 under
    /// its SHA-256, and says so in the link.
    public var content: Digest
    /// Bytes.
    public var size: Int64
  }

  /// Finds a blob; nil where the repository has no such blob or its content is gone.
  public func resolve(_ digest: Digest) async throws(StorageError) -> Blob? {
    guard
      let content = try await Link.find(
        StorageLayout.layerLink(repository, digest), blobs.driver, damage: blobs.damage),
      let size = try await blobs.size(of: content)
    else { return nil }
    return Blob(digest: digest, content: content, size: size)
  }

  /// As `resolve`, before a client is told that the blob is there: see ``BlobStore/claim(_:)``.
  ///
  /// Where the content came only now, through another repository, garbage collection may have taken the link away for
  /// want of it, after the link was read.
  public func claim(_ digest: Digest) async throws(StorageError) -> Blob? {
    let path = StorageLayout.layerLink(repository, digest)
    let begin = WallClock.now
    guard let content = try await Link.find(path, blobs.driver, damage: blobs.damage),
      let entry = try await blobs.claimEntry(content)
    else { return nil }
    if entry.modified > begin - LinkedBlobStore.clockTick, try await Link.find(path, blobs.driver) != content {
      return nil
    }
    return Blob(digest: digest, content: content, size: entry.size)
  }

  /// Nanoseconds by which the times of files lag behind the clock at the most.
  private static let clockTick: Int64 = 20_000_000

  /// Makes content that is in the store visible in the repository, durably: under its own digest, or under
  /// `digest` where it is kept under another one. The content lasts too, if it was put to last with the next change.
  /// - Parameter isSettled: whether the content lasts already.
  public func link(
    _ digest: Digest, to content: Digest? = nil, isSettled: Bool = false
  ) async throws(StorageError) {
    let content = content ?? digest
    let isWritten = try await Link.ensure(content, at: StorageLayout.layerLink(repository, digest), blobs.driver)
    if !isWritten && !isSettled { try await blobs.driver.settle(StorageLayout.blobData(content)) }
  }

  /// Takes a blob out of the repository; its content stays. Returns whether it was there.
  public func unlink(_ digest: Digest) async throws(StorageError) -> Bool {
    let link = StorageLayout.layerLink(repository, digest)
    guard try await Link.remove(link, blobs.driver) else { return false }
    await EmptyDirectories.remove(from: link.parent, of: repository, blobs.driver)
    return true
  }
}
