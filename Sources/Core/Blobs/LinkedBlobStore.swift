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
    /// What caches remember of it.
    var cached: CachedBlob?
  }

  /// Finds a blob; nil where the repository has no such blob or its content is gone.
  public func resolve(_ digest: Digest) async throws(StorageError) -> Blob? {
    // What is remembered has been claimed.
    if blobs.cache != nil { return try await claim(digest) }
    guard
      let content = try await Link.find(StorageLayout.layerLink(repository, digest), blobs),
      let size = try await blobs.size(of: content)
    else { return nil }
    return Blob(digest: digest, content: content, size: size, cached: nil)
  }

  /// As `resolve`, but claims the blob, before a client gets to know that it exists: see ``BlobStore/claim(_:)``.
  public func claim(_ digest: Digest) async throws(StorageError) -> Blob? {
    try await claim([digest]).first.flatMap { $0 }
  }

  /// As `claim`, of many at once.
  /// - Parameter isBinding: whether a 201 to the client depends on them: see ``RememberedBlobs``.
  func claim(_ digests: [Digest], isBinding: Bool = false) async throws(StorageError) -> [Blob?] {
    guard let cache = blobs.cache, !digests.isEmpty else {
      return try await SideBySide.map(digests, width: blobs.driver.concurrency) { digest throws(StorageError) in
        try await claimInStorage(digest)?.found
      }
    }
    let answer = try await cache.find(digests, in: repository) { blobs in
      await RememberedBlobs(self.blobs.driver, in: repository).doubtful(blobs, isBinding: isBinding)
    } recall: { digest, blob in
      Blob(digest: digest, content: digest, size: blob.size, cached: blob)
    } look: { digest throws(StorageError) in
      try await claimInStorage(digest)
    }
    await forget(answer.vanished)
    return answer.found
  }

  /// To be called where blobs that a cache remembers turned out to be gone, though the registry has not removed them:
  /// clients that ask for any blob of the repository are answered from the storage from now on, and push what it lacks.
  func forget(_ vanished: [Digest]) async {
    guard blobs.cache != nil, let first = vanished.first else { return }
    let others = vanished.count > 1 ? ", as were \(vanished.count - 1) more blobs of the repository" : ""
    blobs.damage?.note(
      StorageLayout.layerLink(repository, first), "or its content was removed behind the registry's back\(others)")
    await blobs.invalidation.forget(vanished, in: repository)
  }

  /// Where the content came only now, through another repository, garbage collection may have taken the link away for
  /// want of it, after the link was read. (Where removals are announced, it has been there since the claim was made, so
  /// that the link was not read too early if the claim isn't new.)
  private func claimInStorage(_ digest: Digest) async throws(StorageError) -> DescriptorCaching.Sighting<Blob>? {
    let path = StorageLayout.layerLink(repository, digest)
    let begin = WallClock.now
    _ = try await blobs.removal.awaitDecision(on: path)
    guard let content = try await Link.find(path, blobs),
      let claim = try await blobs.claimInStorage(content)
    else { return nil }
    if claim.isNew || claim.modified > begin - LinkedBlobStore.clockTick {
      _ = try await blobs.removal.awaitDecision(on: path)
      guard try await Link.find(path, blobs) == content else { return nil }
    }
    // What is kept under another digest is not remembered: docker/distribution's entries can't say so.
    let cached = content == digest ? claim.cached : nil
    return .init(found: Blob(digest: digest, content: content, size: claim.size, cached: cached), blob: cached)
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
    let isWritten = try await Link.ensure(content, at: StorageLayout.layerLink(repository, digest), blobs)
    if !isWritten && !isSettled { try await blobs.driver.settle(StorageLayout.blobData(content)) }
  }

  /// What it takes to remember a blob that is about to be claimed and linked, so that the manifest that names it costs
  /// no look at the storage. nil: nothing is remembered.
  func intend(_ digest: Digest) async -> DescriptorCaching.Intent? {
    await blobs.cache?.intend(digest, in: repository)
  }

  /// Remembers a blob that was claimed, and then linked under its own digest.
  func remember(_ blob: CachedBlob?, _ intent: DescriptorCaching.Intent?) {
    if let blob, let intent { blobs.cache?.remember(blob, intent) }
  }

  /// Takes a blob out of the repository; its content stays. Returns whether it was there.
  public func unlink(_ digest: Digest) async throws(StorageError) -> Bool {
    let link = StorageLayout.layerLink(repository, digest)
    // Asking for what isn't there must not cost others what they remember.
    guard try await blobs.driver.isThere(link) else { return false }
    let isRemoved = try await blobs.invalidation.removing(digest, in: repository) { () async throws(StorageError) in
      try await Link.remove(link, blobs.driver)
    }
    guard isRemoved else { return false }
    await EmptyDirectories.remove(from: link.parent, of: repository, blobs.driver)
    return true
  }
}
