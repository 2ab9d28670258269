extension GarbageCollector {
  /// Removes from one repository the manifests that no tag, index or subject leads to, as `run` does with
  /// `deletesUntagged`; contents stay. The caller has the turn, unless nothing is to be changed.
  ///
  /// `observer` gets the directory of each manifest's link.
  public func removeUntagged(
    from name: RepositoryName, _ observer: CollectionObserver = CollectionObserver()
  ) async throws(StorageError) -> CollectionReport {
    let run = try await begin(observer)
    do throws(StorageError) {
      let repository = StoredRepository(directory: StorageLayout.repository(name))
      run.report.repositories = 1
      try await RepositoryMarking(run, repository).markTagged(name)
    } catch  where error.code == .cancelled {
      run.report.isInterrupted = true
    }
    if !run.options.isDryRun {
      // The last of the changes: where it lasts, they do.
      if run.report.manifests.removed > 0 {
        try await run.driver.putState(Array(run.name.utf8), at: StorageLayout.collection, durability: .powerLoss)
      }
      if !run.storage.run.hasLeftAside { try? await run.driver.delete(StorageLayout.collection, durability: .process) }
    }
    return run.report
  }
}

/// Information about a manifest before it is removed.
public struct UntaggedManifest: Sendable, Equatable {
  /// The manifest.
  public var digest: Digest
  /// What it is; nil where its content is gone, or no manifest.
  public var mediaType: MediaType?
  /// Bytes of the manifest itself.
  public var size: Int64
  /// When it was last pushed or claimed (nanoseconds since 1970); nil where that is not known.
  public var modified: Int64?
  /// The manifest that it refers to as its subject.
  public var subject: Digest?
}

extension Repository {
  /// Information about manifests, in the order of `digests`.
  public func untaggedManifests(_ digests: [Digest]) async throws(StorageError) -> [UntaggedManifest] {
    try await SideBySide.map(digests, width: driver.concurrency) { digest throws(StorageError) in
      try await untaggedManifest(digest)
    }
  }

  /// From its link and its content as far as they are there.
  private func untaggedManifest(_ digest: Digest) async throws(StorageError) -> UntaggedManifest {
    var times: [Int64] = []
    let data = StorageLayout.blobData(digest)
    let paths = [StorageLayout.revisionLink(name, digest), data, registry.blobs.removal.claimFile(of: data)]
    for path in paths.compactMap({ $0 }) {
      do {
        times.append(try await driver.stat(path).modified)
      } catch  where error.code == .notFound {
        // It is gone.
      }
    }
    var content: [UInt8]?
    do {
      content = try await registry.blobs.content(of: digest, limit: Manifest.maximumSize)
    } catch  where error.code == .tooLarge {
      // It is no manifest.
    }
    return UntaggedManifest(
      digest: digest, mediaType: content.flatMap { ManifestHead(of: $0)?.mediaType }, size: Int64(content?.count ?? 0),
      modified: times.max(), subject: content.flatMap { ManifestReferences($0)?.subject })
  }
}

extension CollectionItem {
  /// The manifest whose link lies in `path`; nil for something else.
  public var manifest: Digest? {
    guard kind == .manifest, let algorithm = Digest.Algorithm(rawValue: String(path.parent.lastComponent)) else {
      return nil
    }
    return Digest(algorithm: algorithm, hex: path.lastComponent)
  }
}
