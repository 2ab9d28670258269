/// Takes an untagged manifest out of its repository.
///
/// Its link is condemned, or its removal announced, and only then is it looked at whether the manifest was claimed: who
/// claims it claims the content first and looks at the link then. Who puts it, or points a tag to it, claims it last of
/// all.
struct ManifestSweep {
  private let marking: RepositoryMarking
  private let repository: Repository
  private var run: CollectionRun { marking.run }

  init(_ marking: RepositoryMarking, _ name: RepositoryName) {
    self.marking = marking
    repository = Registry(driver: marking.run.driver).repository(name)
  }

  /// The manifest's link.
  func link(_ digest: Digest) -> StoragePath { StorageLayout.revisionLink(repository.name, digest) }

  /// - Returns: false where there was no time left.
  func remove(_ digest: Digest, _ window: RemovalWindow) async throws(StorageError) -> Bool {
    let link = link(digest)
    var outcome = run.options.isDryRun ? CollectedStorage.Outcome.removed : .kept
    do throws(StorageError) {
      if !run.options.isDryRun { outcome = try await condemn(link, digest, window) }
    } catch {
      run.report.note(link, "the manifest can't be removed: \(error)")
    }
    switch outcome {
    case .late: return false
    case .kept: try await marking.keep(digest, .link)
    case .removed: await isRemoved(digest, link.parent)
    }
    return true
  }

  private func isRemoved(_ digest: Digest, _ directory: StoragePath) async {
    run.report.manifests.kept -= 1
    run.report.manifests.removed += 1
    run.removing(.manifest, directory)
    guard !run.options.isDryRun else { return }
    do throws(StorageError) {
      try await clear(digest)
    } catch {
      run.report.note(directory, "what lay beside the manifest can't be removed: \(error)")
    }
  }

  private func condemn(
    _ link: StoragePath, _ digest: Digest, _ window: RemovalWindow
  ) async throws(StorageError) -> CollectedStorage.Outcome {
    try await run.driver.removingManifests(from: StorageLayout.repository(repository.name)) {
      () async throws(StorageError) in
      try await run.storage.remove(link, window) { linked throws(StorageError) in
        if linked >= self.run.cutoff { return true }
        return try await self.run.storage.isYoung(
          self.run.entry(StorageLayout.blobData(digest)), claim: StorageLayout.blobClaim(digest))
      }
    }
  }

  /// Removes what the manifest's link leaves behind: signatures, its place among the referrers, directories.
  private func clear(_ digest: Digest) async throws(StorageError) {
    let revision = StorageLayout.revision(repository.name, digest)
    try await absentIsFine { () async throws(StorageError) in
      try await run.driver.delete(revision / "signatures", durability: .process)
    }
    await EmptyDirectories.remove(from: revision, of: repository.name, run.driver)
    guard let content = try await repository.registry.blobs.content(of: digest, limit: Manifest.maximumSize),
      let subject = ManifestReferences(content)?.subject
    else { return }
    let entry = StorageLayout.referrer(repository.name, subject: subject, digest)
    try await absentIsFine { () async throws(StorageError) in
      try await run.driver.delete(entry, durability: .process)
    }
    await EmptyDirectories.remove(from: entry.parent, of: repository.name, run.driver)
    // Who has put the manifest again meanwhile may have seen the old entry.
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
