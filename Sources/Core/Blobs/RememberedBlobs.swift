/// A blob from a cache.
struct RememberedBlob: Sendable {
  let digest: Digest
  let blob: CachedBlob
}

/// Checks whether cached blobs are still in the storage: an administrator may have removed the directory of a
/// repository, or another program a content, without informing the cache.
///
/// A local disk is always asked, by a stat of the link and one of the content, which take some microseconds. An object
/// store is asked only before a client gets a 201 that depends on the blobs, with as few requests as possible: see
/// docs/caching.md for the costs and limits.
struct RememberedBlobs {
  private let driver: any StorageDriver
  /// nil: the blobs are looked for in all content.
  private let repository: RepositoryName?

  init(_ driver: any StorageDriver, in repository: RepositoryName?) {
    self.driver = driver
    self.repository = repository
  }

  /// Names that an object store gives in one answer.
  static let page = 1000

  /// Blobs that differ from the cache's entries, are missing, or can't be checked.
  /// - Parameter isBinding: whether a 201 depends on them.
  func doubtful(_ blobs: [RememberedBlob], isBinding: Bool) async -> Set<Digest> {
    let width = driver.concurrency
    if width == 1 { return await missingOnDisk(blobs) }
    guard isBinding else { return [] }
    // One trip for all of them: both files of each where so many calls can be under way at once, else the links alone.
    if 2 * blobs.count <= width || repository == nil { return await missing(blobs, [.link, .content]) }
    return await missing(blobs.count <= width ? blobs : unlisted(blobs), [.link])
  }

  private enum File { case link, content }

  private func missingOnDisk(_ blobs: [RememberedBlob]) async -> Set<Digest> {
    var missing = Set<Digest>()
    for blob in blobs {
      let isThere = await isThere(blob, .link) ? await self.isThere(blob, .content) : false
      if !isThere { missing.insert(blob.digest) }
    }
    return missing
  }

  private func missing(_ blobs: [RememberedBlob], _ files: [File]) async -> Set<Digest> {
    let looks = blobs.flatMap { blob in files.map { (blob: blob, file: $0) } }
    // Does not fail: what can't be checked counts as missing here, and the look that follows reports the error.
    let isThere = try? await SideBySide.map(looks, width: driver.concurrency) { look throws(StorageError) in
      await self.isThere(look.blob, look.file)
    }
    guard let isThere else { return Set(blobs.map(\.digest)) }
    return Set(zip(looks, isThere).lazy.filter { !$0.1 }.map(\.0.blob.digest))
  }

  private func isThere(_ blob: RememberedBlob, _ file: File) async -> Bool {
    switch file {
    case .link:
      guard let repository else { return true }
      guard let entry = try? await driver.stat(StorageLayout.layerLink(repository, blob.digest)) else { return false }
      return !entry.isDirectory && entry.size > 0
    case .content:
      guard let entry = try? await driver.stat(StorageLayout.blobData(blob.digest)) else { return false }
      return !entry.isDirectory && entry.size == blob.blob.size
    }
  }

  /// Blobs that are not on the first page of the repository's links: none, unless it has very many links, or lacks
  /// some.
  private func unlisted(_ blobs: [RememberedBlob]) async -> [RememberedBlob] {
    guard let repository else { return blobs }
    var rest = blobs
    for algorithm in Digest.Algorithm.allCases {
      var wanted = Set(rest.lazy.map(\.digest).filter { $0.algorithm == algorithm }.map { String($0.hex) })
      guard !wanted.isEmpty else { continue }
      var seen = 0
      // Errors do not matter: blobs that the listing has not shown are checked one by one.
      try? await driver.forEachName(in: StorageLayout.layers(repository) / algorithm.rawValue) {
        name throws(StorageError) in
        wanted.remove(name)
        seen += 1
        if wanted.isEmpty || seen == RememberedBlobs.page { throw StorageError(.cancelled, "list blobs") }
      }
      rest.removeAll { $0.digest.algorithm == algorithm && !wanted.contains(String($0.digest.hex)) }
    }
    return rest
  }
}
