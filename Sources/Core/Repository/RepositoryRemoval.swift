/// The removal of a whole repository: its tags, manifests, referrers, links to blobs, and uploads. Not that of
/// repositories below it, and not of content, which is for garbage collection.
///
/// Removes whole directories, in an order that leaves no link to something that is gone. A lock file exists meanwhile.
/// A push waits for it after its link is visible and before it verifies the manifest, so either it verifies what is
/// left, or the removal takes the manifest with it.
///
/// Creating and removing the lock file also changes the repository's directory, which tells the catalog to look again
/// (`ManifestPresence`).
public struct RepositoryRemoval {
  private let repository: Repository
  private var driver: any StorageDriver { repository.driver }
  private var name: RepositoryName { repository.name }

  /// Of a repository.
  public init(of repository: Repository) {
    self.repository = repository
  }

  /// What was removed, or would be.
  public struct Outcome: Sendable, Equatable {
    /// Tags.
    public var tags = 0
    /// Manifests.
    public var manifests = 0
    /// Blobs that the repository can see.
    public var blobs = 0
    /// Uploads that were under way.
    public var uploads = 0
    /// Uploads that are being written to, and are left.
    public var uploadsLeft = 0
  }

  /// What `run` would remove; nil where there is no such repository.
  public func preview() async throws(StorageError) -> Outcome? {
    guard try await isThere() else { return nil }
    return try await count()
  }

  /// Removes the repository, durably.
  /// - Parameter counting: whether to count what is removed, which costs a listing of all of it.
  /// - Returns: nil where there is no such repository.
  /// - Throws: `.unavailable` where another process is removing it already.
  public func run(counting: Bool = true) async throws(StorageError) -> Outcome? {
    guard try await isThere() else { return nil }
    let lock = try await repository.removalLock()
    var outcome = Outcome()
    do {
      if counting { outcome = try await count() }
      (outcome.uploads, outcome.uploadsLeft) = try await removeAll()
    } catch {
      try? await lock.cancel()
      throw error
    }
    try await lock.cancel()
    await EmptyDirectories.remove(from: StorageLayout.manifests(name), of: name, driver)
    return outcome
  }

  private func removeAll() async throws(StorageError) -> (uploads: Int, left: Int) {
    try await Link.remove(StorageLayout.tags(name), driver)
    try await Link.remove(StorageLayout.revisions(name), driver)
    try await Link.remove(StorageLayout.referrers(name), driver)
    try await repository.registry.blobs.invalidation.removingMany { () async throws(StorageError) in
      try await Link.remove(StorageLayout.layers(name), driver)
    }
    repository.registry.blobs.cache?.forget(name)
    // A push that set a tag meanwhile removes it, unless it died: so look for such tags.
    let tags = try await driver.names(in: StorageLayout.tags(name)).compactMap { Tag($0) }
    _ = try await SideBySide.map(tags, width: driver.concurrency) { [repository] tag throws(StorageError) in
      try await repository.tags.remove(tag) { digest throws(StorageError) in
        try await !repository.manifests.has(digest)
      }
    }
    let uploads = try await driver.names(in: StorageLayout.uploads(name)).compactMap { UploadID($0) }
    let removed = try await SideBySide.map(uploads, width: driver.concurrency) {
      [driver, name] id throws(StorageError) in
      try await AbandonedUpload(driver, name, id).remove(unless: { _ in false })
    }
    return (removed.count { $0 }, removed.count { !$0 })
  }

  private func isThere() async throws(StorageError) -> Bool {
    let own: Set<String> = ["_manifests", "_layers", "_uploads", "_referrers"]
    return try await driver.names(in: StorageLayout.repository(name)).contains { own.contains($0) }
  }

  private func count() async throws(StorageError) -> Outcome {
    var outcome = Outcome()
    outcome.tags = try await count(StorageLayout.tags(name))
    for algorithm in Digest.Algorithm.allCases {
      outcome.manifests += try await count(StorageLayout.revisions(name) / algorithm.rawValue)
      outcome.blobs += try await count(StorageLayout.layers(name) / algorithm.rawValue)
    }
    outcome.uploads = try await count(StorageLayout.uploads(name))
    return outcome
  }

  private func count(_ directory: StoragePath) async throws(StorageError) -> Int {
    var number = 0
    do {
      try await driver.forEachName(in: directory) { _ in number += 1 }
    } catch  where error.code == .notFound || error.code == .wrongKind {
      // There are none.
    }
    return number
  }
}

extension Repository {
  /// Waits until no removal of the repository is running. A lock whose process died is removed.
  /// - Throws: `.unavailable` where the removal takes longer than the driver waits for a writer.
  func awaitRemoval() async throws(StorageError) {
    do {
      _ = try await driver.stat(StorageLayout.repositoryRemoval(name))
    } catch  where error.code == .notFound || error.code == .wrongKind {
      return
    }
    try await removalLock().cancel()
  }

  fileprivate func removalLock() async throws(StorageError) -> any StorageWriter {
    do {
      return try await driver.writer(at: StorageLayout.repositoryRemoval(name), appending: true)
    } catch  where error.code == .busy {
      throw StorageError(.unavailable, "lock \(name)", cause: "the repository is being removed")
    }
  }
}
