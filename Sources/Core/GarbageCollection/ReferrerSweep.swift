/// Removes from a repository's lists of referrers what the repository hasn't got: a push, a deletion or a collection
/// that died has left it.
///
/// Who pushes a referrer files it first, and looks again once its link can be seen; so nothing that is needed goes.
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
    try await run.forEachName(in: directory) { name throws(StorageError) in
      guard let referrer = Digest(referrerFile: name) else { return }
      let path = StorageLayout.referrer(self.repository.name, subject: subject, referrer)
      do throws(StorageError) {
        guard try await !self.repository.manifests.exists(referrer),
          let entry = try await self.run.entry(path), entry.modified < self.run.cutoff
        else { return }
        try await self.run.driver.delete(path, durability: .process)
        isAnyGone = true
      } catch  where error.code == .notFound {
      } catch {
        self.run.report.note(path, "it can't be looked at or removed: \(error)")
      }
    }
    if isAnyGone { await EmptyDirectories.remove(from: directory, of: repository.name, run.driver) }
  }
}
