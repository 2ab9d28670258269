/// The names of all repositories.
public struct CatalogService: Sendable {
  let registry: Registry
  private var listings: ListingCache { registry.listings }

  /// The first names after `last` in byte order, `limit` at the most.
  ///
  /// Walks only directories that can contain such names: one whose names all come before `last` is not opened, and the
  /// walk ends with the last name. A directory costs a listing the first time. Later it costs one stat, as long as its
  /// change token is the same, which also shows that a repository still has a manifest (`ManifestPresence`). So a page costs
  /// about one stat per name, however many repositories there are. Without change tokens, a name costs a listing and a
  /// stat of a link that was seen the last time. Several names are looked at at the same time if the storage is another
  /// machine.
  public func names(after last: String, limit: Int) async throws(StorageError) -> [String] {
    // A loop: as an async function that called itself, it ended the workers of optimised builds (Swift 6.3.1).
    var walk = CatalogWalk(below: StorageLayout.repositories, after: last, limit: limit)
    let now = ContinuousClock.now
    let concurrency = registry.driver.concurrency
    var ahead: [StoragePath: CatalogWalk.Look] = [:]
    while let next = walk.next() {
      switch next {
      case .directory(let directory):
        let children = try await children(of: directory)
        walk.enter(children, listed: listings.listed(in: directory))
      case .repository(let directory, let seen):
        guard concurrency > 1 else {
          let look = try await look(at: directory, seen, now)
          walk.found(look)
          continue
        }
        if let look = ahead.removeValue(forKey: directory) {
          walk.found(look)
          continue
        }
        let near = [(directory, seen)] + walk.upcoming(concurrency - 1)
        let looks = try await SideBySide.map(near, width: concurrency) { near throws(StorageError) in
          try await look(at: near.0, near.1, now)
        }
        walk.found(looks[0])
        for (place, look) in zip(near, looks).dropFirst() { ahead[place.0] = look }
      }
    }
    for (directory, repositories) in walk.learnt { listings.keep(listed: repositories, in: directory) }
    return walk.names
  }

  /// Checks whether a directory is a repository for the catalog: with manifests, or with blobs and no manifest ever.
  /// - Parameters:
  ///   - seen: when it was seen to be one, with no others below.
  ///   - now: before this.
  private func look(
    at directory: StoragePath, _ seen: ListedRepositories.Sighting?, _ now: ContinuousClock.Instant
  ) async throws(StorageError) -> CatalogWalk.Look {
    do {
      let token = try await registry.driver.changeToken(of: directory)
      if let token, let seen, token == seen.token {
        if ManifestPresence.holds(seen.at, now) { return CatalogWalk.Look(isListed: true) }
        if try await registry.manifestPresence.isWitnessed(directory) {
          return CatalogWalk.Look(isListed: true, sighting: .init(token: token, at: now))
        }
      }
      let kept = listings.directory(directory, token)
      var known: KnownDirectory
      if let kept { known = kept } else { known = try await list(directory, token) }
      let isOccupied = known.occupiedAt.map { ManifestPresence.holds($0, now) } ?? false
      var evidence = isOccupied || known.children.hasLayers ? ManifestPresence.Evidence.seen : .none
      if known.children.hasManifests, !isOccupied {
        evidence = try await registry.manifestPresence.evidence(in: directory)
        known.occupiedAt = evidence == .seen ? now : nil
      }
      let isBarren = known.children.steps.isEmpty
      if evidence == .seen, isBarren {
        return CatalogWalk.Look(isListed: true, sighting: token.map { .init(token: $0, at: now) })
      }
      if kept == nil || kept?.occupiedAt != known.occupiedAt { listings.keep(known, of: directory) }
      return CatalogWalk.Look(isListed: evidence != .none, isBarren: isBarren)
    } catch  where error.code == .notFound || error.code == .wrongKind {
      return CatalogWalk.Look()
    } catch {
      try await registry.unreadable.leaveOut(directory, error, remedy: .directory)
      return CatalogWalk.Look()
    }
  }

  /// Lists a directory of repositories, whose token was read before.
  private func list(_ directory: StoragePath, _ token: ChangeToken?) async throws(StorageError) -> KnownDirectory {
    KnownDirectory(token: token, children: DirectoryChildren(try await registry.driver.list(directory)))
  }

  /// What lies in a directory of repositories; nil where it is none.
  private func children(of directory: StoragePath) async throws(StorageError) -> DirectoryChildren? {
    do {
      let token = try await registry.driver.changeToken(of: directory)
      if let kept = listings.directory(directory, token) { return kept.children }
      let known = try await list(directory, token)
      listings.keep(known, of: directory)
      return known.children
    } catch  where error.code == .notFound || error.code == .wrongKind {
      return nil
    } catch {
      // Without the directory of all repositories, there is no catalog.
      guard directory != StorageLayout.repositories else { throw error }
      try await registry.unreadable.leaveOut(directory, error, remedy: .directory)
      return nil
    }
  }
}

extension Registry {
  /// The catalog.
  public var catalog: CatalogService { CatalogService(registry: self) }
}
