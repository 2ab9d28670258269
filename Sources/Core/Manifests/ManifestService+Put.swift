extension ManifestService {
  /// Stores a manifest under its digest, then points tags to it. Durable when it returns.
  ///
  /// The content is written first and the links that make it visible last, so that a crash leaves nothing visible that
  /// is incomplete. What exists already is not written again.
  ///
  /// The manifest's references are verified before anything is written, and again when garbage collection can see the
  /// manifest's link: they may have been removed in between. If the manifest itself, or its entry among the referrers,
  /// was removed while it was tagged, it is written again. See docs/internals/deletions.md.
  func put(
    _ content: [UInt8], _ manifest: Manifest, digest: Digest, tags: [Tag], _ verification: ManifestVerification
  ) async throws(RegistryError) {
    try await verification.check(manifest)
    for _ in 1...ManifestService.attempts {
      let isNew = try await RegistryError.fromStorage { () async throws(StorageError) in
        try await link(content, manifest, digest)
      }
      do {
        try await RegistryError.fromStorage { () async throws(StorageError) in try await repository.awaitRemoval() }
        try await verification.check(manifest, isAgain: true)
      } catch {
        if isNew { _ = try? await delete(digest) }
        throw error
      }
      let isThere = try await RegistryError.fromStorage { () async throws(StorageError) in
        _ = try await SideBySide.map(tags, width: repository.driver.concurrency) { tag throws(StorageError) in
          try await repository.tags.point(tag, to: digest)
        }
        // A deletion may have taken it away after it was found there, and before the manifest's link was written.
        try await fileAmongReferrers(manifest, digest, size: content.count)
        return try await claim(digest) != nil
      }
      if isThere { return }
    }
    throw RegistryError(
      storage: StorageError(.unavailable, "put \(digest)", cause: "others delete it as fast as it is put"))
  }

  private static let attempts = 10

  /// - Returns: whether the repository did not have the manifest.
  private func link(
    _ content: [UInt8], _ manifest: Manifest, _ digest: Digest
  ) async throws(StorageError) -> Bool {
    let blobs = repository.registry.blobs
    let isWritten = try await blobs.put(content, digest: digest)
    try await fileAmongReferrers(manifest, digest, size: content.count)
    let isNew = try await Link.ensure(digest, at: StorageLayout.revisionLink(repository.name, digest), blobs)
    if isWritten && !isNew { try await repository.driver.settle(StorageLayout.blobData(digest)) }
    return isNew
  }

  private func fileAmongReferrers(_ manifest: Manifest, _ digest: Digest, size: Int) async throws(StorageError) {
    guard let subject = manifest.subject else { return }
    try await repository.referrers.add(
      manifest.referrerDescriptor(digest: digest, size: size), to: subject.digest)
  }
}
