/// The names of all repositories.
public struct CatalogService: Sendable {
  let registry: Registry

  /// The first names after `last` in byte order, `limit` at the most.
  ///
  /// Walks only where they can lie: a directory whose names all come before `last` is not opened, and the walk
  /// ends with the last name. A directory costs a listing the first time, and a stat as long as the driver can
  /// tell that it has not changed; that a repository has a manifest costs a stat of a link that it had the last
  /// time. So a page costs about two stats for each of its names, however many repositories there are; where the
  /// driver can't tell, a listing in place of one of them, and sorting the entries of the directories above.
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
      var barren: String?
      for step in children.steps[firstStep(children.steps, prefix)...] {
        guard names.count < limit else { return }
        switch step {
        case .repository(let child):
          let name = prefix + child
          guard name.utf8.count <= RepositoryName.maximumLength else { continue }
          guard let grandchildren = try await registry.children(of: directory / child) else {
            barren = child
            continue
          }
          if try await isListed(directory / child, grandchildren) { names.append(name) }
          if grandchildren.steps.isEmpty { barren = child }
        case .subtree(let child):
          guard child != barren, (prefix + child).utf8.count < RepositoryName.maximumLength else { continue }
          try await descend(directory / child, prefix: prefix + child + "/")
        }
      }
    }

    /// Whether a directory is a repository with something in it: manifests, or blobs and never a manifest.
    private func isListed(
      _ directory: StoragePath, _ children: DirectoryChildren
    ) async throws(StorageError) -> Bool {
      guard children.hasManifests else { return children.hasLayers }
      return try await registry.occupancy.hasManifests(directory)
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

  /// What lies in a directory of repositories; nil where it is none.
  fileprivate func children(of directory: StoragePath) async throws(StorageError) -> DirectoryChildren? {
    do {
      let token = try await driver.changeToken(of: directory)
      if let token, let kept = listings.directories.value(for: directory), kept.token == token {
        return kept.children
      }
      let children = DirectoryChildren(try await driver.list(directory))
      if let token { listings.keep(children, token, of: directory) }
      return children
    } catch  where error.code == .notFound || error.code == .wrongKind {
      return nil
    }
  }
}
