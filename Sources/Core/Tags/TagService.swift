/// The tags of one repository.
public struct TagService: Sendable {
  let repository: Repository

  var driver: any StorageDriver { repository.driver }

  /// The digest that a tag points to; nil where there is no such tag. One small file is read.
  func target(of tag: Tag) async throws(StorageError) -> Digest? {
    try await Link.read(
      StorageLayout.tagCurrentLink(repository.name, tag), driver, damage: repository.registry.blobs.damage)
  }

  /// The digests that tags point to, several read at a time; nil for what is no tag, or can't be read.
  func targets(of tags: [Tag]) async throws(StorageError) -> [Digest?] {
    let found = try await repository.registry.unreadable.map(
      tags, path: { StorageLayout.tagCurrentLink(repository.name, $0) }
    ) { tag throws(StorageError) in try await target(of: tag) }
    return found.map { $0.flatMap { $0 } }
  }

  /// Points a tag to a manifest, durably, and notes that in the tag's history.
  ///
  /// A deletion may run between any two steps, and remove what was written before. So it ends by looking for the
  /// deletion's lock and then for both files, and sets the tag again if one is missing (docs/internals/deletions.md).
  func point(_ tag: Tag, to digest: Digest) async throws(StorageError) {
    let blobs = repository.registry.blobs
    for _ in 1...TagService.attempts {
      try await Link.ensure(digest, at: StorageLayout.tagIndexLink(repository.name, tag, digest), blobs)
      try await Link.ensure(digest, at: StorageLayout.tagCurrentLink(repository.name, tag), blobs)
      if try await !isBeingRemoved(tag), try await isSet(tag, to: digest) { return }
    }
    throw StorageError(.unavailable, "tag \(tag)", cause: "others remove it as fast as it is set")
  }

  /// Whether a tag is there, with the entry of `digest` in its history. Another push may have moved it since.
  private func isSet(_ tag: Tag, to digest: Digest) async throws(StorageError) -> Bool {
    let paths = [
      StorageLayout.tagCurrentLink(repository.name, tag), StorageLayout.tagIndexLink(repository.name, tag, digest),
    ]
    let links = try await SideBySide.map(paths, width: driver.concurrency) { path throws(StorageError) in
      try await Link.read(path, driver)
    }
    return links[0] != nil && links[1] == digest
  }

  /// How often a tag is set again.
  private static let attempts = 10

  /// All tags; nil where the repository does not exist.
  ///
  /// The first time costs a directory listing and reading one small file for each tag. After that the listing
  /// is kept, and as long as the driver can tell that the directory has not changed, a request costs one stat,
  /// and a file read for each tag that points nowhere.
  func listing() async throws(StorageError) -> TagListing? {
    let directory = StorageLayout.tags(repository.name)
    do {
      let token = try await driver.changeToken(of: directory)
      let listings = repository.registry.listings
      if let token, let kept = listings.tags.value(for: directory), kept.token == token {
        return try await completing(kept.listing, token)
      }
      var names: [Tag] = []
      for name in try await driver.list(directory) {
        if let tag = Tag(name) { names.append(tag) }
      }
      let listing = try await sort(names, besides: [])
      if let token { listings.keep(listing, token, of: directory) }
      return listing
    } catch  where error.code == .notFound || error.code == .wrongKind {
      guard try await repository.exists() else { return nil }
      return TagListing(repository: repository.name, tags: [], unfinished: [])
    }
  }

  /// The kept listing, with tags added whose link has been written since: their directory existed before, so the change
  /// token did not change.
  private func completing(_ kept: TagListing, _ token: ChangeToken) async throws(StorageError) -> TagListing {
    guard !kept.unfinished.isEmpty else { return kept }
    let listing = try await sort(kept.unfinished, besides: kept.tags)
    guard listing.unfinished.count < kept.unfinished.count else { return kept }
    repository.registry.listings.keep(listing, token, of: StorageLayout.tags(repository.name))
    return listing
  }

  private func sort(_ names: [Tag], besides whole: [Tag]) async throws(StorageError) -> TagListing {
    var whole = whole
    var unfinished: [Tag] = []
    for (tag, target) in zip(names, try await targets(of: names)) {
      if target != nil { whole.append(tag) } else { unfinished.append(tag) }
    }
    return TagListing(repository: repository.name, tags: whole, unfinished: unfinished)
  }
}

extension Repository {
  /// The tags.
  public var tags: TagService { TagService(repository: self) }

  /// Whether anything was ever pushed to it, and not all of it removed.
  public func exists() async throws(StorageError) -> Bool {
    do {
      let children = DirectoryChildren(try await driver.list(StorageLayout.repository(name)))
      return children.hasManifests || children.hasLayers
    } catch  where error.code == .notFound || error.code == .wrongKind {
      return false
    }
  }
}
