/// How a walk goes on after an entry.
public enum WalkDecision: Sendable {
  /// With what is below the entry, then with the next.
  case `continue`
  /// With the next entry, without what is below this one.
  case skip
  /// Not at all.
  case stop
}

extension StorageDriver {
  /// Visits everything below `path`, depth-first: a directory before what is in it, names in the order of their
  /// bytes. What vanishes during the walk is left out.
  /// - Parameters:
  ///   - startingAfter: visit only what comes after this path in that order (what is below it comes after it).
  ///     Directories that lie before it are not listed, so a walk can be taken up where another one stopped at no
  ///     more than the cost of a list for each level.
  /// - Throws: `.notFound` where `path` isn't there, `.cancelled` when the task is.
  public func walk(
    _ path: StoragePath, startingAfter start: StoragePath? = nil,
    visit: (StoragePath, StorageEntry) async throws(StorageError) -> WalkDecision
  ) async throws(StorageError) {
    var names: ArraySlice<Substring> = []
    if let start {
      let above = path.components
      let components = start.components
      if components.starts(with: above) {
        names = components.dropFirst(above.count)
      } else if above.lexicographicallyPrecedes(components) {
        return
      }
    }
    _ = try await walk(try await list(path), of: path, after: names, visit: visit)
  }

  /// - Parameter start: names that lead from `directory` to the path to start after; empty to visit everything.
  /// - Returns: false when the walk is to stop.
  private func walk(
    _ names: [String], of directory: StoragePath, after start: ArraySlice<Substring>,
    visit: (StoragePath, StorageEntry) async throws(StorageError) -> WalkDecision
  ) async throws(StorageError) -> Bool {
    let first = start.first.map(String.init)
    for name in names.sorted() {
      if let first, name < first { continue }
      guard !Task.isCancelled else { throw StorageError(.cancelled, "walk \(directory)") }
      let path = directory / name
      guard let entry = try await present({ () async throws(StorageError) in try await stat(path) }) else { continue }
      if name != first {
        switch try await visit(path, entry) {
        case .continue: break
        case .skip: continue
        case .stop: return false
        }
      }
      guard entry.isDirectory,
        let names = try await present({ () async throws(StorageError) in try await list(path) })
      else { continue }
      let below = name == first ? start.dropFirst() : []
      guard try await walk(names, of: path, after: below, visit: visit) else { return false }
    }
    return true
  }

  /// What `operation` answers; nil where there is nothing any more.
  private func present<Answer>(
    _ operation: () async throws(StorageError) -> Answer
  ) async throws(StorageError) -> Answer? {
    do {
      return try await operation()
    } catch  where error.code == .notFound {
      return nil
    }
  }
}

extension StoragePath {
  fileprivate var components: [Substring] {
    string.split(separator: "/")
  }
}
