extension StorageDriver {
  /// Whether anything is there.
  func isThere(_ path: StoragePath) async throws(StorageError) -> Bool {
    do {
      _ = try await stat(path)
      return true
    } catch  where error.code == .notFound {
      return false
    }
  }

  /// The names of a directory's entries; none where there is no such directory.
  func names(in directory: StoragePath) async throws(StorageError) -> [String] {
    do {
      return try await list(directory)
    } catch  where error.code == .notFound || error.code == .wrongKind {
      return []
    }
  }
}
