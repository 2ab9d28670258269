/// The tags of one repository.
public struct TagService: Sendable {
  let repository: Repository

  private var driver: any StorageDriver { repository.driver }

  /// The digest that a tag points to; nil where there is no such tag. One small file is read.
  func target(of tag: Tag) async throws(StorageError) -> Digest? {
    try await Link.read(StorageLayout.tagCurrentLink(repository.name, tag), driver)
  }

  /// Points a tag to a manifest, durably.
  func point(_ tag: Tag, to digest: Digest) async throws(StorageError) {
    try await Link.ensure(digest, at: StorageLayout.tagIndexLink(repository.name, tag, digest), driver)
    try await Link.ensure(digest, at: StorageLayout.tagCurrentLink(repository.name, tag), driver)
  }

  /// Removes a tag, durably and at once, or what a crash left of one; the manifest stays.
  /// - Returns: whether the tag was there.
  func remove(_ tag: Tag) async throws(StorageError) -> Bool {
    let pointed = try await target(of: tag) != nil
    let removed = try await Link.remove(StorageLayout.tag(repository.name, tag), driver)
    return pointed && removed
  }

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

  /// The kept listing, with those tags that have become whole: their directory was there before, so nothing
  /// else tells of it.
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
    for tag in names {
      if try await target(of: tag) != nil { whole.append(tag) } else { unfinished.append(tag) }
    }
    return TagListing(repository: repository.name, tags: whole, unfinished: unfinished)
  }
}

extension Repository {
  /// The tags.
  public var tags: TagService { TagService(repository: self) }

  /// Whether anything was ever pushed to it.
  func exists() async throws(StorageError) -> Bool {
    do {
      return DirectoryChildren.isRepository(try await driver.list(StorageLayout.repository(name)))
    } catch  where error.code == .notFound || error.code == .wrongKind {
      return false
    }
  }
}
