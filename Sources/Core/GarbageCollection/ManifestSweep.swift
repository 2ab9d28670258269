/// Takes an untagged manifest out of its repository.
///
/// Its link is condemned, and only then is it looked at whether the manifest was claimed: who claims it touches the
/// content first and looks at the link then. Who puts it, or points a tag to it, claims it last of all.
struct ManifestSweep {
  private let marking: RepositoryMarking
  private let repository: Repository
  private var run: CollectionRun { marking.run }

  init(_ marking: RepositoryMarking, _ name: RepositoryName) {
    self.marking = marking
    repository = Registry(driver: marking.run.driver).repository(name)
  }

  func remove(_ digest: Digest) async throws(StorageError) {
    let link = StorageLayout.revisionLink(repository.name, digest)
    var isGone = run.options.isDryRun
    do throws(StorageError) {
      if !isGone { isGone = try await condemn(link, digest) }
    } catch {
      run.report.note(link, "the manifest can't be removed: \(error)")
    }
    guard isGone else { return try await marking.keep(digest, .link) }
    run.report.manifests.kept -= 1
    run.report.manifests.removed += 1
    run.removing(.manifest, link.parent)
    guard !run.options.isDryRun else { return }
    do throws(StorageError) {
      try await clear(digest)
    } catch {
      run.report.note(link.parent, "what lay beside the manifest can't be removed: \(error)")
    }
  }

  /// - Returns: false where the manifest is wanted.
  private func condemn(_ link: StoragePath, _ digest: Digest) async throws(StorageError) -> Bool {
    try await run.driver.removingManifests(from: StorageLayout.repository(repository.name)) {
      () async throws(StorageError) in
      try await run.condemn(link) { linked throws(StorageError) in
        if linked >= self.run.cutoff { return true }
        let content = try await self.run.entry(StorageLayout.blobData(digest))
        return (content?.modified ?? .min) >= self.run.cutoff
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
