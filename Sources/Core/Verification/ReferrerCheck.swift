/// The lists of what says something about what.
struct ReferrerCheck {
  private let run: VerificationRun
  private let repository: Repository

  init(_ run: VerificationRun, _ repository: Repository) {
    self.run = run
    self.repository = repository
  }

  /// Whether a manifest is in the list of its subject.
  /// - Parameter referrer: the manifest's descriptor.
  func check(_ referrer: Descriptor, of subject: Digest) async throws(StorageError) {
    let path = StorageLayout.referrer(repository.name, subject: subject, referrer.digest)
    let expected = ReferrerEntry(referrer).json
    let stored = try await self.stored(path)
    guard stored != expected else { return }
    let isWrong = try await run.persists(path) { () async throws(StorageError) in
      guard try await self.stored(path) != expected else { return false }
      return try await repository.manifests.exists(referrer.digest)
    }
    guard isWrong else { return }
    try await run.found(stored == nil ? .referrerMissing : .referrerTorn, path, repair: "written from the manifest") {
      () async throws(StorageError) in try await repository.referrers.add(referrer, to: subject)
    }
  }

  /// Whether each entry is about a manifest that is there.
  func checkEntries() async throws(StorageError) {
    let top = StorageLayout.repository(repository.name)
    try await run.forEachDigest(in: StorageLayout.referrers(repository.name)) {
      subject, directory throws(StorageError) in
      let names = try await run.names(directory)
      if names.isEmpty { return try await run.empty(directory, below: top) }
      try await run.forEach(names) { name throws(StorageError) in
        try await checkEntry(directory / name, of: subject)
      }
    }
  }

  private func checkEntry(_ path: StoragePath, of subject: Digest) async throws(StorageError) {
    guard let referrer = Digest(referrerFile: String(path.lastComponent)) else { return run.unexpected(path) }
    guard try await isStale(referrer, subject),
      try await run.persists(
        path,
        { () async throws(StorageError) in
          guard try await run.isThere(path) else { return false }
          return try await isStale(referrer, subject)
        })
    else { return }
    try await run.found(.referrerStale, path, repair: "removed") { () async throws(StorageError) in
      // A push of it files it once its link can be seen.
      try await run.remove(path, wantedBy: []) { _ throws(StorageError) in try await isStale(referrer, subject) }
      try await run.driver.prune(path.parent, below: StorageLayout.repository(repository.name))
    }
  }

  /// A manifest that is there and can't be read may well be about the subject.
  private func isStale(_ referrer: Digest, _ subject: Digest) async throws(StorageError) -> Bool {
    do {
      guard try await repository.manifests.exists(referrer) else { return true }
      guard let content = try await repository.manifests.content(of: referrer),
        let manifest = try? Manifest(content, contentType: nil)
      else { return false }
      return manifest.subject?.digest != subject
    } catch  where error.mayBeOfOneFile {
      return false
    }
  }

  private func stored(_ path: StoragePath) async throws(StorageError) -> [UInt8]? {
    do {
      return try await run.driver.content(at: path, limit: ReferrerEntry.maximumSize)
    } catch  where error.code == .notFound {
      return nil
    } catch  where error.mayBeOfOneFile {
      return []
    }
  }
}
