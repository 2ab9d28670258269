/// Ways to list that drivers and wrappers can choose. They are no defaults: a driver whose lists contain more than names
/// or come in pages, and a wrapper around one, would get many calls instead of one without noticing.
extension StorageDriver {
  /// `entries(of:)` for a driver whose lists have names alone: `list`, and `stat` for each name.
  public func entriesByStat(of directory: StoragePath) async throws(StorageError) -> [DirectoryEntry] {
    try await SideBySide.map(try await list(directory), width: concurrency) { name throws(StorageError) in
      do throws(StorageError) {
        return DirectoryEntry(name, try await stat(directory / name))
      } catch  where error.code == .notFound || error.code == .irregular {
        return nil
      }
    }.compactMap { $0 }
  }

  /// `forEachName(in:_:)` for a driver that gets a directory's names at once.
  public func forEachListedName(
    in path: StoragePath, _ visit: (String) async throws(StorageError) -> Void
  ) async throws(StorageError) {
    for name in try await list(path) { try await visit(name) }
  }
}
