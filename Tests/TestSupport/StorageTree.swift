package import Core

extension StorageDriver {
  /// Every path below `top`, sorted, with what is said of it.
  package func tree(below top: StoragePath = .root) async throws(StorageError) -> [(path: String, entry: StorageEntry)]
  {
    var found: [(path: String, entry: StorageEntry)] = []
    var waiting = [top]
    while let directory = waiting.popLast() {
      for name in try await list(directory) {
        guard let path = directory.appending(name) else { continue }
        let entry = try await stat(path)
        found.append((path.string, entry))
        if entry.isDirectory { waiting.append(path) }
      }
    }
    return found.sorted { $0.path < $1.path }
  }
}
