/// The tags of one repository.
public struct TagService: Sendable {
  let repository: Repository

  private var driver: any StorageDriver { repository.driver }

  /// The digest that a tag points to; nil where there is no such tag. One small file is read.
  func target(of tag: Tag) async throws(StorageError) -> Digest? {
    try await Link.read(
      StorageLayout.tagCurrentLink(repository.name, tag), driver, damage: repository.registry.blobs.damage)
  }

  /// Points a tag to a manifest, durably.
  func point(_ tag: Tag, to digest: Digest) async throws(StorageError) {
    let blobs = repository.registry.blobs
    for _ in 1...TagService.attempts {
      try await Link.ensure(digest, at: StorageLayout.tagIndexLink(repository.name, tag, digest), blobs)
      try await Link.ensure(digest, at: StorageLayout.tagCurrentLink(repository.name, tag), blobs)
      // In this order: see `remove(_:where:)`.
      if try await !isBeingRemoved(tag), try await target(of: tag) != nil { return }
    }
    throw StorageError(.unavailable, "tag \(tag)", cause: "others remove it as fast as it is set")
  }

  /// Removes a tag, durably and at once, or what a crash left of one; the manifest stays.
  /// - Returns: whether the tag was there.
  func remove(_ tag: Tag) async throws(StorageError) -> Bool {
    let pointed = try await target(of: tag) != nil
    let directory = StorageLayout.tag(repository.name, tag)
    let removed = try await driver.removingManifests(from: StorageLayout.repository(repository.name)) {
      () async throws(StorageError) in try await Link.remove(directory, driver)
    }
    if removed { await EmptyDirectories.remove(from: directory.parent, of: repository.name, driver) }
    return pointed && removed
  }

  /// Removes a tag, durably, if what it points to is unwanted, and leaves it alone if it points elsewhere by then.
  ///
  /// Looking and removing are two steps, and somebody may set the tag in between. So the first of all steps is a
  /// file, and the last step of who sets a tag is to look for it and then for the tag: whoever finds neither the
  /// file nor a removed tag has set the tag before this has looked at it.
  /// - Returns: whether it was removed.
  @discardableResult
  func remove(
    _ tag: Tag, where isUnwanted: (Digest) async throws(StorageError) -> Bool
  ) async throws(StorageError) -> Bool {
    guard let digest = try await target(of: tag), try await isUnwanted(digest) else { return false }
    let lock = try await removalLock(tag)
    var isRemoved = false
    do {
      if let digest = try await target(of: tag), try await isUnwanted(digest) { isRemoved = try await remove(tag) }
    } catch {
      try? await lock.cancel()
      throw error
    }
    try await lock.cancel()
    if !isRemoved {
      // Where the tag was gone, the lock has made its directory.
      await EmptyDirectories.remove(
        from: StorageLayout.tag(repository.name, tag), of: repository.name, driver)
    }
    return isRemoved
  }

  /// Waits until nobody removes a tag for what it points to.
  /// - Returns: whether somebody did, or has died at it.
  private func isBeingRemoved(_ tag: Tag) async throws(StorageError) -> Bool {
    do {
      _ = try await driver.stat(StorageLayout.tagRemoval(repository.name, tag))
    } catch  where error.code == .notFound || error.code == .wrongKind {
      return false
    }
    try await removalLock(tag).cancel()
    return true
  }

  /// Makes whoever sets the tag from now on, until the lock is let go of, set it again then.
  func removalLock(_ tag: Tag) async throws(StorageError) -> any StorageWriter {
    for _ in 1...TagService.patience {
      do {
        return try await driver.writer(at: StorageLayout.tagRemoval(repository.name, tag), appending: true)
      } catch  where error.code == .busy {
        // The driver has waited already.
      }
    }
    throw StorageError(.unavailable, "remove the tag \(tag)", cause: "another process is at it")
  }

  /// How often a tag is set again.
  private static let attempts = 10
  /// How often a tag's lock is waited for: ten seconds, which takes a machine that hardly moves.
  private static let patience = 100

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
    let targets = try await SideBySide.map(names, width: driver.concurrency) { tag throws(StorageError) in
      try await target(of: tag)
    }
    for (tag, target) in zip(names, targets) {
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
