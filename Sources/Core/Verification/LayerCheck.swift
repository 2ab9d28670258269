/// The links that make blobs visible in a repository.
final class LayerCheck {
  private let run: VerificationRun
  private let repository: Repository
  private let links: LinkCheck
  /// Whether links lead to content that is gone.
  private(set) var hasDangling = false
  private var directory: StoragePath { StorageLayout.layers(repository.name) }

  init(_ run: VerificationRun, _ repository: Repository) {
    self.run = run
    self.repository = repository
    links = LinkCheck(run, below: StorageLayout.repository(repository.name))
  }

  /// Looks at each link, and where but one repository is looked at, at its content.
  func checkLinks() async throws(StorageError) {
    try await run.forEachDigest(in: directory) { digest, path throws(StorageError) in
      guard case .names(let content) = try await links.check(digest, in: path, mayNameAnother: true) else { return }
      if run.options.repository != nil { try await ContentCheck(run).check(content) }
      guard let size = try await run.blobs.size(of: content) else {
        hasDangling = true
        return
      }
      if content != digest {
        try await checkOther(digest, content, path / "link")
      } else if size <= Int64(Manifest.maximumSize) {
        try await checkSchema1(digest, path / "link")
      }
    }
  }

  /// Looks at those links again whose content is gone.
  func checkDangling(except needed: NeededLayers) async throws(StorageError) {
    try await run.forEachDigest(in: directory) { digest, path throws(StorageError) in
      let link = path / "link"
      guard try await isDangling(link),
        try await run.persists(link, { () async throws(StorageError) in try await isDangling(link) })
      else { return }
      if needed.contains(digest) {
        return run.found(.layerDangling, link, "a manifest names it", remedy: "push the image again")
      }
      try await run.found(.layerDangling, link, "no manifest here names it", repair: "removed") {
        () async throws(StorageError) in
        try await links.take(link, of: digest) { content async throws(StorageError) in
          guard let content else { return true }
          return try await run.blobs.size(of: content) == nil
        }
      }
    }
  }

  private func isDangling(_ link: StoragePath) async throws(StorageError) -> Bool {
    guard let content = try await Link.read(link, run.driver) else { return false }
    return try await run.blobs.size(of: content) == nil
  }

  /// Content that is kept under the digest of another algorithm.
  private func checkOther(_ digest: Digest, _ content: Digest, _ link: StoragePath) async throws(StorageError) {
    let found = try await ContentCheck(run).digest(of: StorageLayout.blobData(content), digest.algorithm)
    guard found != digest else { return }
    try await run.found(.linkMismatch, link, "it leads to content of the digest \(found)", repair: "removed") {
      () async throws(StorageError) in try await links.take(link, of: digest) { $0 == content }
    }
  }

  /// docker/distribution 2.1.0 knew no manifests but these, and linked them here.
  private func checkSchema1(_ digest: Digest, _ link: StoragePath) async throws(StorageError) {
    let revision = StorageLayout.revisionLink(repository.name, digest)
    guard try await !run.isThere(revision),
      let content = try await run.blobs.content(of: digest, limit: Manifest.maximumSize),
      content.first == UInt8(ascii: "{"), ManifestReferences(content)?.isSchema1 == true
    else { return }
    try await run.found(
      .manifestAmongLayers, link, repair: "moved to \(revision)"
    ) { () async throws(StorageError) in
      try await Link.ensure(digest, at: revision, run.blobs)
      // Somebody may have deleted the manifest just now.
      guard try await run.isThere(link) else {
        let directory = StorageLayout.repository(repository.name)
        return try await run.driver.removingManifests(from: directory) { () async throws(StorageError) in
          _ = try await Link.remove(revision, run.driver)
        }
      }
      try await links.take(link, of: digest) { $0 == digest }
    }
  }
}
