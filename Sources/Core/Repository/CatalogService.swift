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
      guard let children = try await registry.known(directory)?.children else { return }
      var barren: String?
      for step in children.steps[firstStep(children.steps, prefix)...] {
        guard names.count < limit else { return }
        switch step {
        case .repository(let child):
          let name = prefix + child
          guard name.utf8.count <= RepositoryName.maximumLength else { continue }
          let path = directory / child
          guard let known = try await registry.known(path) else {
            barren = child
            continue
          }
          if try await isListed(path, known) { names.append(name) }
          if known.children.steps.isEmpty { barren = child }
        case .subtree(let child):
          guard child != barren, (prefix + child).utf8.count < RepositoryName.maximumLength else { continue }
          try await descend(directory / child, prefix: prefix + child + "/")
        }
      }
    }

    /// Whether a directory is a repository with something in it: manifests, or blobs and never a manifest.
    private func isListed(_ directory: StoragePath, _ known: KnownDirectory) async throws(StorageError) -> Bool {
      guard known.children.hasManifests else { return known.children.hasLayers }
      return try await registry.occupancy.hasManifests(directory, known)
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

  /// What is known of a directory of repositories, or found out; nil where it is none.
  fileprivate func known(_ directory: StoragePath) async throws(StorageError) -> KnownDirectory? {
    do {
      let token = try await driver.changeToken(of: directory)
      if let token, let kept = listings.directories.value(for: directory), kept.token == token { return kept }
      let known = KnownDirectory(token: token, children: DirectoryChildren(try await driver.list(directory)))
      listings.keep(known, of: directory)
      return known
    } catch  where error.code == .notFound || error.code == .wrongKind {
      return nil
    }
  }
}
