/// Files in which the registry keeps what it has done itself, such as when a task ran. They only save work or time: one
/// that can't be parsed counts as absent, and is written again.
extension StorageDriver {
  /// The content of such a file; nil where there is none, or something that it can't be: a longer file, a directory, a
  /// symbolic link, a FIFO.
  func state(at path: StoragePath, limit: Int) async throws(StorageError) -> [UInt8]? {
    do {
      return try await content(at: path, limit: limit)
    } catch  where error.code == .notFound || error.code == .tooLarge || error.isOfAnotherKind {
      return nil
    }
  }

  /// Writes such a file. Something that it can't be makes way.
  func putState(
    _ content: [UInt8], at path: StoragePath, durability: Durability = .process
  ) async throws(StorageError) {
    do {
      try await put(content, at: path, durability: durability)
    } catch  where error.isOfAnotherKind {
      try await delete(path, durability: .process)
      try await put(content, at: path, durability: durability)
    }
  }

  /// The names of such files in a directory; none where there is no directory.
  func stateNames(in directory: StoragePath) async throws(StorageError) -> [String] {
    do {
      return try await list(directory)
    } catch  where error.code == .notFound || error.isOfAnotherKind {
      return []
    }
  }

  /// What is said of such a file; nil where there is none that could be one.
  func stateEntry(_ path: StoragePath) async throws(StorageError) -> StorageEntry? {
    do {
      return try await stat(path)
    } catch  where error.code == .notFound || error.code == .irregular {
      return nil
    }
  }
}

extension StorageError {
  /// Whether something else is in the place of a file or a directory: one in that of the other, a link, a FIFO.
  var isOfAnotherKind: Bool { code == .wrongKind || code == .irregular }
}
