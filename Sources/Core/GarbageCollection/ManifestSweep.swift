/// Takes an untagged manifest out of its repository.
///
/// Its link is condemned, or its removal announced, and only then is it looked at whether the manifest was claimed: a
/// request that claims it claims the content first and looks at the link then. A request that puts it, or points a tag
/// to it, claims it last of all.
struct ManifestSweep: Sendable {
  private let storage: CollectedStorage
  private let repository: Repository
  private var driver: any StorageDriver { storage.driver }

  init(_ storage: CollectedStorage, _ name: RepositoryName) {
    self.storage = storage
    repository = Registry(driver: storage.driver).repository(name)
  }

  /// The manifest's link.
  func link(_ digest: Digest) -> StoragePath { StorageLayout.revisionLink(repository.name, digest) }

  /// What has become of a manifest, and what is to be reported.
  struct Result: Sendable {
    var outcome: RemovalOutcome
    var problem: (path: StoragePath, text: String)?
  }

  func remove(_ digest: Digest, _ window: RemovalWindow) async -> Result {
    guard !storage.isDryRun else { return Result(outcome: .removed) }
    let link = link(digest)
    var result = Result(outcome: .kept)
    do throws(StorageError) {
      result.outcome = try await condemn(link, digest, window)
    } catch {
      result.problem = (link, "the manifest can't be removed: \(error)")
    }
    guard result.outcome == .removed else { return result }
    do throws(StorageError) {
      try await clear(digest)
    } catch {
      result.problem = (link.parent, "what lay beside the manifest can't be removed: \(error)")
    }
    return result
  }

  private func condemn(
    _ link: StoragePath, _ digest: Digest, _ window: RemovalWindow
  ) async throws(StorageError) -> RemovalOutcome {
    try await driver.removingManifests(from: StorageLayout.repository(repository.name)) {
      () async throws(StorageError) in
      try await storage.remove(link, window) { linked throws(StorageError) in
        if linked >= storage.cutoff { return true }
        let data = StorageLayout.blobData(digest)
        return try await storage.isYoung(storage.entry(data), data)
      }
    }
  }

  /// Removes what the manifest's link leaves behind: signatures, its place among the referrers, directories.
  private func clear(_ digest: Digest) async throws(StorageError) {
    let revision = StorageLayout.revision(repository.name, digest)
    try await absentIsFine { () async throws(StorageError) in
      try await driver.delete(revision / "signatures", durability: .process)
    }
    await EmptyDirectories.remove(from: revision, of: repository.name, driver)
    guard let content = try await repository.registry.blobs.content(of: digest, limit: Manifest.maximumSize),
      let subject = ManifestReferences(content)?.subject
    else { return }
    let entry = StorageLayout.referrer(repository.name, subject: subject, digest)
    try await absentIsFine { () async throws(StorageError) in
      try await driver.delete(entry, durability: .process)
    }
    await EmptyDirectories.remove(from: entry.parent, of: repository.name, driver)
    // A request that has put the manifest again meanwhile may have seen the old entry.
    if try await repository.manifests.exists(digest), let manifest = try? Manifest(content, contentType: nil) {
      try await repository.referrers.add(
        manifest.referrerDescriptor(digest: digest, size: content.count), to: subject)
    }
  }

  private func absentIsFine(_ body: () async throws(StorageError) -> Void) async throws(StorageError) {
    do {
      try await body()
    } catch  where error.code == .notFound {
    }
  }
}
