import Synchronization

/// The links that make blobs visible in a repository.
final class LayerCheck: Sendable {
  private let run: VerificationRun
  private let repository: Repository
  private let links: LinkCheck
  /// Whether links lead to content that is gone.
  var hasDangling: Bool { dangling.load(ordering: .relaxed) }
  private let dangling = Atomic(false)
  private var directory: StoragePath { StorageLayout.layers(repository.name) }

  init(_ run: VerificationRun, _ repository: Repository) {
    self.run = run
    self.repository = repository
    links = LinkCheck(run, below: StorageLayout.repository(repository.name))
  }

  /// Looks at each link, and where but one repository is looked at, at its content.
  func checkLinks() async throws(StorageError) {
    try await self.run.forEachDigest(in: directory) { digest, path throws(StorageError) in
      guard case .names(let content) = try await self.links.check(digest, in: path, mayNameAnother: true) else {
        return
      }
      if self.run.options.repository != nil { try await ContentCheck(self.run).check(content) }
      guard let size = try await self.run.blobs.size(of: content) else {
        return self.dangling.store(true, ordering: .relaxed)
      }
      if content != digest {
        try await self.checkOther(digest, content, path / "link")
      } else if size <= Int64(Manifest.maximumSize) {
        try await self.checkSchema1(digest, path / "link")
      }
    }
  }

  /// Looks at those links again whose content is gone.
  func checkDangling(except needed: NeededLayers) async throws(StorageError) {
    try await self.run.forEachDigest(in: directory) { digest, path throws(StorageError) in
      let link = path / "link"
      guard try await self.isDangling(link),
        try await self.run.persists(link, { () async throws(StorageError) in try await self.isDangling(link) })
      else { return }
      if needed.contains(digest) {
        return self.run.found(.layerDangling, link, "a manifest names it", remedy: "push the image again")
      }
      try await self.run.found(.layerDangling, link, "no manifest here names it", repair: "removed") {
        () async throws(StorageError) in
        try await self.links.take(link, of: digest) { content async throws(StorageError) in
          guard let content else { return true }
          return try await self.run.blobs.size(of: content) == nil
        }
      }
    }
  }

  private func isDangling(_ link: StoragePath) async throws(StorageError) -> Bool {
    guard let content = try await self.run.link(link) else { return false }
    return try await self.run.blobs.size(of: content) == nil
  }

  /// Content that is kept under the digest of another algorithm.
  private func checkOther(_ digest: Digest, _ content: Digest, _ link: StoragePath) async throws(StorageError) {
    let found = try await ContentCheck(self.run).digest(of: StorageLayout.blobData(content), digest.algorithm)
    guard found != digest else { return }
    try await self.run.found(.linkMismatch, link, "it leads to content of the digest \(found)", repair: "removed") {
      () async throws(StorageError) in try await self.links.take(link, of: digest) { $0 == content }
    }
  }

  /// docker/distribution 2.1.0 knew no manifests but these, and linked them here.
  private func checkSchema1(_ digest: Digest, _ link: StoragePath) async throws(StorageError) {
    let revision = StorageLayout.revisionLink(repository.name, digest)
    guard try await !self.run.isThere(revision),
      let content = try await self.run.blobs.content(of: digest, limit: Manifest.maximumSize),
      content.first == UInt8(ascii: "{"), ManifestReferences(content)?.isSchema1 == true
    else { return }
    try await self.run.found(
      .manifestAmongLayers, link, repair: "moved to \(revision)"
    ) { () async throws(StorageError) in
      try await Link.ensure(digest, at: revision, run.blobs)
      // A client may have deleted the manifest just now.
      guard try await self.run.isThere(link) else {
        let directory = StorageLayout.repository(repository.name)
        return try await self.run.driver.removingManifests(from: directory) { () async throws(StorageError) in
          _ = try await Link.remove(revision, run.driver)
        }
      }
      try await self.links.take(link, of: digest) { $0 == digest }
    }
  }
}
