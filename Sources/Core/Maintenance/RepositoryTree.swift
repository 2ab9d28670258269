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
  ///   - failed: what can't be listed, or why `visit` threw. The walk goes on: below a repository whose visit failed,
  ///     too.
  /// - Throws: `.cancelled` when the task is; what `failed` throws.
  func forEach(
    startingAt start: RepositoryName? = nil, visit: (Entry) async throws(StorageError) -> Void,
    failed: (StoragePath, StorageError) async throws(StorageError) -> Void
  ) async throws(StorageError) {
    // A list: how deep the tree is, is not for the stack. What is to be visited next is at its end.
    var waiting = [Directory(path: StorageLayout.repositories, name: "", isBefore: start != nil)]
    let start = start?.description ?? ""
    while let directory = waiting.popLast() {
      guard !Task.isCancelled else { throw StorageError(.cancelled, "walk \(directory.path)") }
      let names = try await answer(directory.path, failed: failed) { () async throws(StorageError) in
        try await driver.list(directory.path)
      }
      guard let names else { continue }
      // Before the visit: one that fails concerns this repository, not those below it.
      waiting += directory.children(names, startingAt: start)
      guard let entry = directory.entry(names) else { continue }
      _ = try await answer(directory.path, failed: failed) { () async throws(StorageError) in try await visit(entry) }
    }
  }

  /// What `body` answers; nil where the directory has vanished, is a file, or fails.
  private func answer<Answer>(
    _ path: StoragePath, failed: (StoragePath, StorageError) async throws(StorageError) -> Void,
    _ body: () async throws(StorageError) -> Answer
  ) async throws(StorageError) -> Answer? {
    do {
      return try await body()
    } catch  where error.code == .notFound || error.code == .wrongKind {
      return nil
    } catch  where error.code == .cancelled {
      throw error
    } catch {
      try await failed(path, error)
      return nil
    }
  }

  /// How many repositories `forEach` visits, without those that can't be listed. Costs one listing for each directory,
  /// several at a time where the storage is another machine.
  func count() async throws(StorageError) -> Int64 {
    var count: Int64 = 0
    var waiting = [Directory(path: StorageLayout.repositories, name: "", isBefore: false)]
    while !waiting.isEmpty {
      guard !Task.isCancelled else { throw StorageError(.cancelled, "count repositories") }
      let next = Array(waiting.suffix(driver.concurrency))
      waiting.removeLast(next.count)
      let lists = try await SideBySide.map(next, width: driver.concurrency) {
        directory throws(StorageError) -> [String]? in
        try await answer(directory.path, failed: { _, _ in }) { () async throws(StorageError) in
          try await driver.list(directory.path)
        }
      }
      for (directory, names) in zip(next, lists) {
        guard let names else { continue }
        if directory.entry(names) != nil { count += 1 }
        waiting += directory.children(names, startingAt: "")
      }
    }
    return count
  }

  /// A directory that is to be visited.
  private struct Directory: Sendable {
    let path: StoragePath
    /// The repository's that it would be; empty for the topmost one.
    let name: String
    /// Whether it lies above the repository to start at, and is left out itself.
    let isBefore: Bool

    /// The repository that it is, by the names in it; nil where it is none, or is left out.
    func entry(_ names: [String]) -> Entry? {
      let parts = Entry.parts(among: names)
      guard !isBefore, !parts.isEmpty, let name = RepositoryName(name) else { return nil }
      return Entry(name: name, parts: parts)
    }

    /// Those in it, the first one last, but not those that come before the start.
    func children(_ names: [String], startingAt start: String) -> [Directory] {
      let rest = isBefore ? start.utf8.dropFirst(name.isEmpty ? 0 : name.utf8.count + 1) : ""[...].utf8
      let first = rest.prefix { $0 != UInt8(ascii: "/") }
      return names.filter { RepositoryName.isComponent($0.utf8) }.sorted(by: >).compactMap { child in
        if isBefore, child.utf8.lexicographicallyPrecedes(first) { return nil }
        let childName = name.isEmpty ? child : "\(name)/\(child)"
        guard childName.utf8.count <= RepositoryName.maximumLength else { return nil }
        let isAbove = isBefore && child.utf8.elementsEqual(first) && childName.utf8.count < start.utf8.count
        return Directory(path: path / child, name: childName, isBefore: isAbove)
      }
    }
  }
}
