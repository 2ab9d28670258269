/// The manifests of one repository: content that a link in the repository points to.
public struct ManifestService: Sendable {
  let repository: Repository

  private var driver: any StorageDriver { repository.driver }
  private var blobs: BlobStore { repository.registry.blobs }

  /// Whether the repository has the manifest: one small file is read.
  func exists(_ digest: Digest) async throws(StorageError) -> Bool {
    let path = StorageLayout.revisionLink(repository.name, digest)
    guard let target = try await Link.find(path, blobs) else { return false }
    if target != digest { blobs.damage?.note(path, "names another digest") }
    return target == digest
  }

  /// Claims a manifest (see ``BlobStore/claim(_:)``), before a client gets to know that it exists.
  ///
  /// The link is read last: garbage collection removes the link first, then looks at the content's claim.
  /// - Returns: the size in bytes; nil where the repository has no such manifest, or its content is gone.
  func claim(_ digest: Digest) async throws(StorageError) -> Int64? {
    guard let size = try await blobs.claim(digest) else { return nil }
    _ = try await blobs.removal.awaitDecision(on: StorageLayout.revisionLink(repository.name, digest))
    return try await exists(digest) ? size : nil
  }

  /// A manifest's content; nil where the repository has no such manifest, or its content is gone or torn.
  ///
  /// Two files are read: the link and the content.
  func content(of digest: Digest) async throws(StorageError) -> [UInt8]? {
    guard try await exists(digest) else { return nil }
    return try await storedContent(of: digest)
  }

  /// A schema 1 manifest that docker/distribution 2.1.0 linked among the layers; nil where there is none.
  ///
  /// That version knew no other kind, so nothing else there counts as a manifest: a layer must never be served
  /// as one.
  func schema1AmongLayers(_ digest: Digest) async throws(StorageError) -> [UInt8]? {
    guard try await Link.read(StorageLayout.layerLink(repository.name, digest), driver) == digest,
      let content = try await storedContent(of: digest), ManifestHead(of: content)?.kind == .schema1
    else { return nil }
    return content
  }

  /// The sizes of an index's children in bytes, claimed; nil for what the repository hasn't got. As in
  /// docker/distribution, a blob will do: build caches are pushed as indexes of layers.
  /// - Parameter isBinding: see ``LinkedBlobStore/claim(_:isBinding:)``.
  func claimChildren(_ digests: [Digest], isBinding: Bool) async throws(StorageError) -> [Int64?] {
    var sizes = try await SideBySide.map(digests, width: driver.concurrency) { digest throws(StorageError) in
      try await claim(digest)
    }
    let others = sizes.indices.filter { sizes[$0] == nil }
    let found = try await repository.blobs.claim(others.map { digests[$0] }, isBinding: isBinding)
    for (index, blob) in zip(others, found) { sizes[index] = blob?.size }
    return sizes
  }

  /// The type of a manifest that was claimed (``claim(_:)``), whose content has `size` bytes; nil where it is torn, or
  /// no manifest.
  ///
  /// Of a large manifest only the beginning is read, if that suffices; the rest is then not verified. Not if the
  /// storage is another machine: a file that is not read to its end costs a connection there, and can't be cached.
  func head(of digest: Digest, size: Int64) async throws(StorageError) -> ManifestHead? {
    if let content = repository.registry.manifestCache?.content(of: digest) { return ManifestHead(of: content) }
    if size > ManifestService.wholeSize, driver.concurrency == 1,
      let head = try await ManifestHead(of: beginning(of: digest))
    {
      return head
    }
    return try await readContent(of: digest).flatMap { ManifestHead(of: $0) }
  }

  /// Manifests of up to this many bytes are read as a whole, verified and cached: nearly all are that small.
  private static let wholeSize: Int64 = 64 << 10
  /// Bytes of a large manifest that are read to see what it is.
  private static let beginningSize = 4 << 10

  private func beginning(of digest: Digest) async throws(StorageError) -> [UInt8] {
    let buffer = IOBuffer(capacity: ManifestService.beginningSize)
    do {
      let reader = try await blobs.reader(of: digest)
      while buffer.free > 0, try await reader.read(into: buffer) > 0 {}
    } catch  where error.code == .notFound {
      // It was moved aside meanwhile.
    }
    return buffer.bytes.withUnsafeBytes { Array($0) }
  }

  private func storedContent(of digest: Digest) async throws(StorageError) -> [UInt8]? {
    if let content = repository.registry.manifestCache?.content(of: digest) { return content }
    return try await readContent(of: digest)
  }

  private func readContent(of digest: Digest) async throws(StorageError) -> [UInt8]? {
    do {
      guard let content = try await blobs.content(of: digest, limit: Manifest.maximumSize) else { return nil }
      // A torn file may have the right length, so verify the digest. Manifests are short: this costs some microseconds.
      if ContentHasher.digest(digest.algorithm, of: content) == digest {
        repository.registry.manifestCache?.keep(content, digest)
        return content
      }
      blobs.damage?.note(StorageLayout.blobData(digest), content.isEmpty ? "is empty" : "has another digest")
      return nil
    } catch  where error.code == .tooLarge {
      return nil
    }
  }
}

extension Repository {
  /// The manifests.
  public var manifests: ManifestService { ManifestService(repository: self) }
}
