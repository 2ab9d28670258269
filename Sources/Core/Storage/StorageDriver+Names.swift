extension StorageDriver {
  /// The names of a directory's entries; none where there is no such directory.
  func names(in directory: StoragePath) async throws(StorageError) -> [String] {
    do {
      return try await list(directory)
    } catch  where error.code == .notFound || error.code == .wrongKind {
      return []
    }
  }
}
