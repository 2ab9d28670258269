/// The uploads of a repository that aren't finished.
struct UploadCheck {
  private let run: VerificationRun
  private let name: RepositoryName

  init(_ run: VerificationRun, _ repository: Repository) {
    self.run = run
    name = repository.name
  }

  /// Uploads that the purge finds by their age are correct. One without the time at which it began can't be continued
  /// by another request; it is an orphan unless the single request that created it is still writing.
  func check() async throws(StorageError) {
    let directory = StorageLayout.uploads(name)
    try await run.forEach(run.names(directory)) { text throws(StorageError) in
      guard let id = UploadID(text) else { return run.unexpected(directory / text) }
      try await run.guarded(directory / text) { () async throws(StorageError) in
        if try await !run.isThere(StorageLayout.uploadStartedAt(name, id)) { try await checkOrphan(id) }
      }
    }
  }

  private func checkOrphan(_ id: UploadID) async throws(StorageError) {
    let upload = AbandonedUpload(run.driver, name, id)
    guard let idle = try await upload.idleSince(), isOld(idle, run.options.settling.age),
      try await !run.isThere(StorageLayout.uploadStartedAt(name, id))
    else { return }
    let age = run.options.uploadAge
    guard isOld(idle, age) else {
      return run.found(.uploadOrphaned, upload.path, remedy: "wait: it is left alone for \(age.goText)")
    }
    try await run.found(.uploadOrphaned, upload.path, repair: "removed") { () async throws(StorageError) in
      guard try await upload.remove(unless: { !isOld($0, age) }) else {
        throw StorageError(.busy, "remove \(upload.path)", cause: "a request is at it")
      }
    }
  }

  private func isOld(_ time: Int64, _ age: Duration) -> Bool {
    age <= .zero || UploadPurge.isAbandoned(idleSince: time, now: WallClock.now, age: age)
  }
}
