/// Every directory that holds something of a repository, one after the other.
struct RepositoryTree {
  let driver: any StorageDriver

  /// What lies in the directory of a repository.
  struct Entry {
    /// Whose directory it is.
    let name: RepositoryName
    /// Those names in it that begin with an underscore: the repository's own.
    let parts: Set<String>

    /// Those of the names in a directory that are not of repositories below it.
    static func parts(among names: [String]) -> Set<String> {
      Set(names.lazy.filter { $0.utf8.first == UInt8(ascii: "_") })
    }
  }

  /// Visits repositories in the order of a walk: a directory before what is in it, names in the order of their
  /// bytes. Costs one listing for each directory.
  /// - Parameters:
  ///   - start: leave out what comes before this one in that order, this one not.
  ///   - failed: what can't be listed, or why `visit` threw. The walk goes on with the next directory.
  /// - Throws: `.cancelled` when the task is; what `failed` throws.
  func forEach(
    startingAt start: RepositoryName? = nil, visit: (Entry) async throws(StorageError) -> Void,
    failed: (StoragePath, StorageError) async throws(StorageError) -> Void
  ) async throws(StorageError) {
    let steps = start?.description.split(separator: "/").map(String.init) ?? []
    try await descend(StorageLayout.repositories, "", after: steps[...], visit, failed)
  }

  private func descend(
    _ directory: StoragePath, _ name: String, after start: ArraySlice<String>,
    _ visit: (Entry) async throws(StorageError) -> Void,
    _ failed: (StoragePath, StorageError) async throws(StorageError) -> Void
  ) async throws(StorageError) {
    guard !Task.isCancelled else { throw StorageError(.cancelled, "walk \(directory)") }
    var names: [String] = []
    do {
      names = try await driver.list(directory)
      let parts = Entry.parts(among: names)
      if start.isEmpty, !parts.isEmpty, let name = RepositoryName(name) {
        try await visit(Entry(name: name, parts: parts))
      }
    } catch  where error.code == .notFound || error.code == .wrongKind {
      // It vanished, or is a file.
      return
    } catch  where error.code == .cancelled {
      throw error
    } catch {
      try await failed(directory, error)
    }
    for child in names.filter({ RepositoryName.isComponent($0.utf8) }).sorted() {
      if let first = start.first, child < first { continue }
      let childName = name.isEmpty ? child : "\(name)/\(child)"
      guard childName.utf8.count <= RepositoryName.maximumLength else { continue }
      let below = child == start.first ? start.dropFirst() : []
      try await descend(directory / child, childName, after: below, visit, failed)
    }
  }
}
