/// The names of all repositories.
public struct CatalogService: Sendable {
  let registry: Registry

  /// The first names after `last` in byte order, `limit` at the most.
  ///
  /// Walks only where they can lie: a directory whose names all come before `last` is not opened, and the walk
  /// ends with the last name. A directory costs a listing the first time, and a stat as long as the driver can
  /// tell that it has not changed, which tells as well that a repository has a manifest still (`Occupancy`). So a
  /// page costs about one stat for each of its names, however many repositories there are; where the driver can't
  /// tell, a listing, a stat of a link that was there the last time, and sorting the entries of the directories above.
  public func names(after last: String, limit: Int) async throws(StorageError) -> [String] {
    var walk = Walk(registry: registry, last: last, limit: limit)
    try await walk.descend(StorageLayout.repositories, prefix: "")
    return walk.names
  }

  private struct Walk {
    let registry: Registry
    let last: String
    let limit: Int
    var names: [String] = []

    /// Adds the names below `directory`, which all begin with `prefix`.
    mutating func descend(_ directory: StoragePath, prefix: String) async throws(StorageError) {
      guard let children = try await registry.children(of: directory) else { return }
      let listed = registry.listings.listed(in: directory)
      var learnt: [String: ListedRepositories.Sighting] = [:]
      let now = ContinuousClock.now
      defer { registry.listings.keep(listed: learnt, in: directory) }
      var barren: String?
      for step in children.steps[firstStep(children.steps, prefix)...] {
        guard names.count < limit else { return }
        switch step {
        case .repository(let child):
          let name = prefix + child
          guard name.utf8.count <= RepositoryName.maximumLength else { continue }
          let found = try await look(at: directory / child, listed[child], now)
          if found.isListed { names.append(name) }
          if found.isBarren { barren = child }
          if let token = found.learnt { learnt[child] = .init(token: token, at: now) }
        case .subtree(let child):
          guard child != barren, (prefix + child).utf8.count < RepositoryName.maximumLength else { continue }
          try await descend(directory / child, prefix: prefix + child + "/")
        }
      }
    }

    private struct Look {
      var isListed = false
      /// Whether no repositories can be below.
      var isBarren = true
      /// The token with which it is both.
      var learnt: ChangeToken?
    }

    /// Looks whether a directory is a repository with something in it: manifests, or blobs and never a manifest.
    /// - Parameters:
    ///   - listed: when it was seen to be one, with no others below.
    ///   - now: before this.
    private func look(
      at directory: StoragePath, _ listed: ListedRepositories.Sighting?, _ now: ContinuousClock.Instant
    ) async throws(StorageError) -> Look {
      do {
        let token = try await registry.driver.changeToken(of: directory)
        if let token, let listed, token == listed.token {
          if Occupancy.holds(listed.at, now) { return Look(isListed: true) }
          if try await registry.occupancy.isWitnessed(directory) { return Look(isListed: true, learnt: token) }
        }
        let kept = registry.listings.directory(directory, token)
        var known: KnownDirectory
        if let kept { known = kept } else { known = try await registry.list(directory, token) }
        let isOccupied = known.occupiedAt.map { Occupancy.holds($0, now) } ?? false
        var evidence = isOccupied || known.children.hasLayers ? Occupancy.Evidence.seen : .none
        if known.children.hasManifests, !isOccupied {
          evidence = try await registry.occupancy.evidence(in: directory)
          known.occupiedAt = evidence == .seen ? now : nil
        }
        let isBarren = known.children.steps.isEmpty
        if evidence == .seen, isBarren { return Look(isListed: true, learnt: token) }
        if kept == nil || kept?.occupiedAt != known.occupiedAt { registry.listings.keep(known, of: directory) }
        return Look(isListed: evidence != .none, isBarren: isBarren)
      } catch  where error.code == .notFound || error.code == .wrongKind {
        return Look()
      }
    }

    /// The first step that can give a name after `last`.
    private func firstStep(_ steps: [DirectoryChildren.Step], _ prefix: String) -> Int {
      var low = 0
      var high = steps.count
      while low < high {
        let middle = (low + high) / 2
        if isBefore(steps[middle], prefix) { low = middle + 1 } else { high = middle }
      }
      return low
    }

    /// Whether all names that come of a step are at or before `last`.
    private func isBefore(_ step: DirectoryChildren.Step, _ prefix: String) -> Bool {
      let start = prefix + step.name
      switch step {
      case .repository: return !last.utf8.lexicographicallyPrecedes(start.utf8)
      case .subtree: return start.utf8.lexicographicallyPrecedes(last.utf8) && !last.utf8.starts(with: start.utf8)
      }
    }
  }
}

extension Registry {
  /// The catalog.
  public var catalog: CatalogService { CatalogService(registry: self) }

  /// What is to be known of a directory of repositories whose token is this.
  fileprivate func list(_ directory: StoragePath, _ token: ChangeToken?) async throws(StorageError) -> KnownDirectory {
    KnownDirectory(token: token, children: DirectoryChildren(try await driver.list(directory)))
  }

  /// What lies in a directory of repositories; nil where it is none.
  fileprivate func children(of directory: StoragePath) async throws(StorageError) -> DirectoryChildren? {
    do {
      let token = try await driver.changeToken(of: directory)
      if let kept = listings.directory(directory, token) { return kept.children }
      let known = try await list(directory, token)
      listings.keep(known, of: directory)
      return known.children
    } catch  where error.code == .notFound || error.code == .wrongKind {
      return nil
    }
  }
}
