/// Removes empty directories that removals leave behind.
enum EmptyDirectories {
  /// Removes a repository's directories that are empty, from `directory` upward, so that a repository with nothing
  /// in it leaves no trace.
  ///
  /// An empty `_manifests` stays as long as there are blobs: it shows that the repository was emptied, and is not one
  /// whose first manifest is still to come. A directory that can't be removed does no harm, so errors are ignored.
  static func remove(
    from directory: StoragePath, of name: RepositoryName, _ driver: any StorageDriver
  ) async {
    let manifests = StorageLayout.manifests(name)
    let top = directory.isBelow(manifests) ? manifests : StorageLayout.repository(name)
    if directory != manifests { try? await driver.prune(directory, below: top) }
    do {
      _ = try await driver.stat(StorageLayout.layers(name))
      return
    } catch {
      guard error.code == .notFound else { return }
    }
    for directory in [manifests, StorageLayout.referrers(name), StorageLayout.uploads(name)] {
      try? await driver.prune(directory, below: StorageLayout.repositories)
    }
  }
}
