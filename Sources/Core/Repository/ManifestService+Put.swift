extension ManifestService {
  /// Keeps a manifest under its digest, then points tags to it. Durable when it returns.
  ///
  /// Content comes first and what makes it visible last, so that a crash at any moment leaves nothing visible
  /// that isn't whole. What is there already is not written again.
  func put(
    _ content: [UInt8], _ manifest: Manifest, digest: Digest, tags: [Tag]
  ) async throws(StorageError) {
    try await repository.registry.blobs.put(content, digest: digest)
    if let subject = manifest.subject {
      let descriptor = manifest.referrerDescriptor(digest: digest, size: content.count)
      try await repository.referrers.add(descriptor, to: subject.digest)
    }
    if try await !exists(digest) {
      try await Link.write(digest, at: StorageLayout.revisionLink(repository.name, digest), repository.driver)
    }
    for tag in tags { try await repository.tags.point(tag, to: digest) }
  }
}
