extension ManifestService {
  /// Takes a manifest out of the repository, with the tags that point to it and its place among the referrers
  /// of its subject; its content stays. Durable when it returns.
  ///
  /// The manifest's own link goes last: a deletion that broke off can be asked for again.
  /// - Returns: whether it was there.
  func delete(_ digest: Digest) async throws(StorageError) -> Bool {
    let isRevision = try await exists(digest)
    let amongLayers = try await schema1AmongLayers(digest)
    guard isRevision || amongLayers != nil else { return false }
    try await untag(digest)
    if isRevision, let content = try await content(of: digest), let manifest = try? Manifest(content, contentType: nil),
      let subject = manifest.subject
    {
      try await repository.referrers.remove(digest, from: subject.digest)
    }
    if amongLayers != nil { _ = try await repository.blobs.unlink(digest) }
    if isRevision { try await Link.remove(StorageLayout.revisionLink(repository.name, digest), repository.driver) }
    // Someone may have tagged it in the meantime, and known it to be there.
    if try await !exists(digest) { try await untag(digest) }
    return true
  }

  private func untag(_ digest: Digest) async throws(StorageError) {
    for tag in try await repository.tags.listing()?.tags ?? [] {
      if try await repository.tags.target(of: tag) == digest { _ = try await repository.tags.remove(tag) }
    }
  }
}
