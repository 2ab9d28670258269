extension ManifestService {
  /// Takes a manifest out of the repository, with the tags that point to it and its place among the referrers
  /// of its subject; its content stays. Durable when it returns.
  ///
  /// The manifest's own link goes before the tags are read, so that one look at them is enough: a push that sets a tag
  /// later looks for that link last of all, and puts the manifest again. A deletion that broke off can be asked for
  /// again, and removes what tags are left. A manifest whose own link or content can't be read is deleted as well.
  /// - Returns: whether it was there, or tags that pointed to it were.
  func delete(_ digest: Digest) async throws(StorageError) -> Bool {
    let isRevision = try await isThere(digest)
    let amongLayers = try await schema1AmongLayers(digest)
    if isRevision, let subject = try await subject(of: digest) {
      try await repository.referrers.remove(digest, from: subject)
    }
    if amongLayers != nil { _ = try await repository.blobs.unlink(digest) }
    if isRevision { try await removeRevision(digest) }
    let isUntagged = try await repository.tags.removeAll(pointingTo: digest) { () async throws(StorageError) in
      try await !has(digest)
    }
    return isRevision || amongLayers != nil || isUntagged
  }

  private func isThere(_ digest: Digest) async throws(StorageError) -> Bool {
    do {
      return try await exists(digest)
    } catch  where error.mayBeOfOneFile {
      return true
    }
  }

  private func subject(of digest: Digest) async throws(StorageError) -> Digest? {
    do {
      guard let content = try await content(of: digest) else { return nil }
      return (try? Manifest(content, contentType: nil))?.subject?.digest
    } catch  where error.mayBeOfOneFile {
      return nil
    }
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
}
