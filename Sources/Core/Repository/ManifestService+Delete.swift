extension ManifestService {
  /// Takes a manifest out of the repository, with the tags that point to it and its place among the referrers
  /// of its subject; its content stays. Durable when it returns.
  ///
  /// The manifest's own link goes last: a deletion that broke off can be asked for again.
  /// - Returns: whether it was there, or tags that pointed to it were.
  func delete(_ digest: Digest) async throws(StorageError) -> Bool {
    let isRevision = try await exists(digest)
    let amongLayers = try await schema1AmongLayers(digest)
    var isFound = isRevision || amongLayers != nil
    if isFound { _ = try await untag(digest) { _ throws(StorageError) in true } }
    if isRevision, let content = try await content(of: digest), let manifest = try? Manifest(content, contentType: nil),
      let subject = manifest.subject
    {
      try await repository.referrers.remove(digest, from: subject.digest)
    }
    if amongLayers != nil { _ = try await repository.blobs.unlink(digest) }
    if isRevision { try await removeRevision(digest) }
    // Someone may have tagged it in the meantime, and known it to be there.
    let isUntagged = try await untag(digest) { digest throws(StorageError) in
      try await !has(digest)
    }
    if isUntagged { isFound = true }
    return isFound
  }

  private func removeRevision(_ digest: Digest) async throws(StorageError) {
    let revision = StorageLayout.revision(repository.name, digest)
    let directory = StorageLayout.repository(repository.name)
    try await repository.driver.removingManifests(from: directory) { () async throws(StorageError) in
      // Where garbage collection has moved the link aside, looking for it brings it back.
      while try await !Link.remove(StorageLayout.revisionLink(repository.name, digest), repository.driver) {
        guard try await exists(digest) else { break }
      }
    }
    // Signatures of schema 1 lie beside the link, and mean nothing without it.
    _ = try? await repository.driver.delete(revision / "signatures", durability: .process)
    await EmptyDirectories.remove(from: revision, of: repository.name, repository.driver)
  }

  /// Removes the tags that point to a manifest, those that are unwanted. Looks at the storage, never at a listing
  /// that was kept.
  /// - Returns: whether there were any.
  private func untag(
    _ digest: Digest, where isUnwanted: (Digest) async throws(StorageError) -> Bool
  ) async throws(StorageError) -> Bool {
    var isAny = false
    for name in try await repository.driver.names(in: StorageLayout.tags(repository.name)) {
      guard let tag = Tag(name) else { continue }
      let isRemoved = try await repository.tags.remove(tag) { target throws(StorageError) in
        guard target == digest else { return false }
        return try await isUnwanted(digest)
      }
      if isRemoved { isAny = true }
    }
    return isAny
  }
}
