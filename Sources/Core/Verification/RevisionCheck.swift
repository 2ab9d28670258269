/// The manifests of a repository, and all that they refer to.
struct RevisionCheck {
  private let run: VerificationRun
  private let repository: Repository
  private let needed: NeededLayers
  private let links: LinkCheck

  init(_ run: VerificationRun, _ repository: Repository, _ needed: NeededLayers) {
    self.run = run
    self.repository = repository
    self.needed = needed
    links = LinkCheck(run, below: StorageLayout.repository(repository.name))
  }

  func check() async throws(StorageError) {
    let directory = StorageLayout.manifests(repository.name) / "revisions"
    try await run.forEachDigest(in: directory) { digest, path throws(StorageError) in
      let outcome = try await links.check(digest, in: path, others: ["signatures"])
      try await checkSignatures(path / "signatures")
      guard case .names = outcome else { return }
      if run.options.repository != nil { try await ContentCheck(run).check(digest) }
      try await checkManifest(digest, path / "link")
    }
  }

  /// What schema 1 keeps beside a manifest.
  private func checkSignatures(_ directory: StoragePath) async throws(StorageError) {
    do {
      _ = try await run.driver.list(directory)
    } catch  where error.code == .notFound {
      return
    }
    try await run.forEachDigest(in: directory) { digest, path throws(StorageError) in
      guard case .names(let content) = try await links.check(digest, in: path),
        try await run.blobs.size(of: content) == nil
      else { return }
      run.found(.referenceMissing, path / "link", "the signature is gone", remedy: "push the image again")
    }
  }

  private func checkManifest(_ digest: Digest, _ link: StoragePath) async throws(StorageError) {
    run.count(\.manifests)
    guard let content = try await run.blobs.content(of: digest, limit: Manifest.maximumSize) else {
      let isGone = try await run.persists(link) { () async throws(StorageError) in
        guard try await run.isThere(link) else { return false }
        return try await run.blobs.size(of: digest) == nil
      }
      if isGone { run.found(.manifestDangling, link, remedy: "push it again, or delete it") }
      return
    }
    // What is torn has been reported with the contents.
    guard ContentHasher.digest(digest.algorithm, of: content) == digest else { return }
    let manifest = try? Manifest(content, contentType: nil)
    guard let references = References(content, manifest, run.options.validation) else {
      return run.found(.manifestUnreadable, link, remedy: "delete the manifest if it is not needed")
    }
    try await run.forEach(references.all) { reference throws(StorageError) in
      try await check(reference, of: link)
    }
    if let manifest, let subject = manifest.subject {
      let descriptor = manifest.referrerDescriptor(digest: digest, size: content.count)
      try await ReferrerCheck(run, repository).check(descriptor, of: subject.digest)
    }
  }

  private func check(_ reference: References.Reference, of link: StoragePath) async throws(StorageError) {
    var size = try await self.size(of: reference)
    if size == nil {
      let isMissing = try await run.persists(link) { () async throws(StorageError) in
        size = try await self.size(of: reference)
        return size == nil ? try await run.isThere(link) : false
      }
      if isMissing {
        needed.add(reference.digest)
        return run.found(
          .referenceMissing, link, "\(reference.field) \(reference.digest)", remedy: "push the image again")
      }
    }
    guard let size, let named = reference.size, named != size else { return }
    run.found(
      .referenceSize, link, "\(reference.field) \(reference.digest) has \(size) bytes, not \(named)",
      remedy: "push the image again, as it was built")
  }

  /// The size of what the repository has; nil where it hasn't got it.
  private func size(of reference: References.Reference) async throws(StorageError) -> Int64? {
    if reference.isManifest, try await repository.manifests.exists(reference.digest),
      let size = try await run.blobs.size(of: reference.digest)
    {
      return size
    }
    let link = StorageLayout.layerLink(repository.name, reference.digest)
    return try await run.registry.unreadable.optional(link) { () async throws(StorageError) in
      try await repository.blobs.resolve(reference.digest)?.size
    }
  }

  /// What a manifest refers to and must be there.
  private struct References {
    struct Reference: Sendable {
      var digest: Digest
      var size: Int64?
      var field: String
      var isManifest = false
    }

    var all: [Reference] = []

    /// nil where it can't be told.
    init?(_ content: [UInt8], _ manifest: Manifest?, _ validation: Configuration.Validation) {
      guard let manifest, manifest.kind != .schema1 else {
        guard let references = ManifestReferences(content) else { return nil }
        all = references.contents.map { Reference(digest: $0, field: "layer") }
        all += references.manifests.map { Reference(digest: $0, field: "manifest", isManifest: true) }
        return
      }
      if let config = manifest.config {
        all.append(Reference(digest: config.digest, size: config.size, field: "config"))
      }
      // Layers with URLs are elsewhere.
      all += manifest.layers.filter(\.urls.isEmpty).map {
        Reference(digest: $0.digest, size: $0.size, field: "layer")
      }
      all += manifest.manifests.filter { validation.mustExist($0) }.map {
        Reference(digest: $0.digest, size: $0.size, field: "manifest", isManifest: true)
      }
    }
  }
}
