/// Removes from a repository's lists of referrers what the repository hasn't got: a push, a deletion or a collection
/// that died has left it.
///
/// Who pushes a referrer files it first, and looks again once its link can be seen; so nothing that is needed goes. (He
/// looks once no removal of it is announced, where it is.)
struct ReferrerSweep {
  private let run: CollectionRun
  private let repository: Repository
  private let referrers: StoragePath

  /// nil where requests can't name the repository.
  init?(_ run: CollectionRun, _ repository: StoredRepository) {
    guard let name = repository.name else { return nil }
    self.run = run
    self.repository = Registry(driver: run.driver).repository(name)
    referrers = repository.directory / "_referrers"
  }

  func sweep() async throws(StorageError) {
    for algorithm in Digest.Algorithm.allCases {
      try await run.forEachName(in: referrers / algorithm.rawValue) { hex throws(StorageError) in
        guard let subject = Digest(algorithm: algorithm, hex: hex) else { return }
        try await self.sweep(subject)
      }
    }
  }

  private func sweep(_ subject: Digest) async throws(StorageError) {
    let directory = StorageLayout.referrers(repository.name, subject)
    var isAnyGone = false
    try await run.forEachBatch(in: directory, of: run.batch) { names throws(StorageError) in
      let entries = names.compactMap { Digest(referrerFile: $0) }.map { referrer in
        Entry(referrer: referrer, path: StorageLayout.referrer(self.repository.name, subject: subject, referrer))
      }
      if try await self.sweep(entries) { isAnyGone = true }
    }
    if isAnyGone { await EmptyDirectories.remove(from: directory, of: repository.name, run.driver) }
  }

  /// A place in a list.
  private struct Entry: Sendable {
    let referrer: Digest
    let path: StoragePath
  }

  /// - Returns: whether any was removed.
  private func sweep(_ entries: [Entry]) async throws(StorageError) -> Bool {
    let (storage, repository) = (run.storage, repository)
    var candidates: [Entry] = []
    var isAnyGone = false
    try await run.forEach(entries) { entry in
      await outcome { () async throws(StorageError) in try await Self.isStale(entry, storage, repository) }
    } done: { entry, isStale in
      switch isStale {
      case .success(let isStale): if isStale { candidates.append(entry) }
      case .failure(let error): isLeft(entry, error)
      }
    }
    try await run.removeEach(candidates, path: \.path) { entry, window in
      await outcome { () async throws(StorageError) in
        if storage.driver.removalTiming != nil {
          guard try await Self.isStale(entry, storage, repository) else { return .kept }
          guard window.isOpen else { return .late }
        }
        return try await window.remove(entry.path, storage.driver) ? .removed : .kept
      }
    } done: { entry, outcome in
      switch outcome {
      case .success(let outcome): if outcome == .removed { isAnyGone = true }
      case .failure(let error): isLeft(entry, error)
      }
    }
    return isAnyGone
  }

  private static func isStale(
    _ entry: Entry, _ storage: CollectedStorage, _ repository: Repository
  ) async throws(StorageError) -> Bool {
    guard try await !repository.manifests.exists(entry.referrer), let file = try await storage.entry(entry.path) else {
      return false
    }
    return file.modified < storage.cutoff
  }

  private func isLeft(_ entry: Entry, _ error: StorageError) {
    run.report.note(entry.path, "it can't be looked at or removed: \(error)")
  }
}
