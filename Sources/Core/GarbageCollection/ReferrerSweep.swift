/// Removes entries from a repository's lists of referrers whose manifests the repository lacks: leftovers of a push, a
/// deletion or a collection that died.
///
/// A push writes the entry first, and checks it again when the manifest's link is visible and no removal of the entry
/// is announced. So no entry that is needed is lost.
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
    var waiting: [Entry] = []
    for algorithm in Digest.Algorithm.allCases {
      try await run.forEachBatch(in: referrers / algorithm.rawValue, of: run.driver.concurrency) {
        names throws(StorageError) in
        waiting += try await self.entries(of: names.compactMap { Digest(algorithm: algorithm, hex: $0) })
        guard waiting.count >= self.run.batch else { return }
        try await self.sweep(waiting)
        waiting = []
      }
    }
    try await sweep(waiting)
  }

  /// The places in the lists of some subjects: what is in several directories is had at once.
  private func entries(of subjects: [Digest]) async throws(StorageError) -> [Entry] {
    let (driver, name) = (run.driver, repository.name)
    var entries: [Entry] = []
    try await run.forEach(subjects) { subject in
      await outcome { () async throws(StorageError) in
        try await driver.names(in: StorageLayout.referrers(name, subject))
      }
    } done: { subject, names in
      switch names {
      case .success(let names):
        entries += names.compactMap { Digest(referrerFile: $0) }.map { referrer in
          Entry(referrer: referrer, path: StorageLayout.referrer(name, subject: subject, referrer))
        }
      case .failure(let error): run.isUnlistable(StorageLayout.referrers(name, subject), error)
      }
    }
    return entries
  }

  /// A place in a list.
  private struct Entry: Sendable {
    let referrer: Digest
    let path: StoragePath
  }

  private func sweep(_ entries: [Entry]) async throws(StorageError) {
    let (storage, repository) = (run.storage, repository)
    var candidates: [Entry] = []
    var emptied = Set<StoragePath>()
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
        guard try await Self.isStale(entry, storage, repository) else { return .kept }
        guard window.isOpen else { return .late }
        return try await window.remove(entry.path, storage.driver) ? .removed : .kept
      }
    } done: { entry, outcome in
      switch outcome {
      case .success(let outcome): if outcome == .removed { emptied.insert(entry.path.parent) }
      case .failure(let error): isLeft(entry, error)
      }
    }
    _ = await SideBySide.map(Array(emptied), width: storage.driver.concurrency) { directory in
      await EmptyDirectories.remove(from: directory, of: repository.name, storage.driver)
    }
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
