/// Whether repositories have manifests.
///
/// That a manifest was seen is remembered with the change token of the repository's directory, and is valid as long as
/// the token: a removal of tags or revisions changes it (`removingManifests(from:_:)`). If the token has changed, or
/// there is none, the file that was seen the last time is looked at first: one stat instead of a listing of perhaps
/// thousands of names. Nothing is remembered of a repository that has no manifests.
///
/// docker/distribution changes no token when it deletes a manifest. So what was seen is valid for a second only.
struct ManifestPresence {
  let driver: any StorageDriver
  let witnesses: BoundedCache<StoragePath, StoragePath>
  let unreadable: UnreadableFiles

  /// Whether a look has found manifests.
  enum Evidence {
    case none
    /// More entries than are looked at; assumed, and not remembered.
    case assumed
    /// A tag or revision.
    case seen
  }

  /// How many links of a directory are looked at. docker/distribution leaves the directories of what it deletes; if
  /// there are at least this many, the repository counts as one with manifests.
  private static let patience = 100

  /// Whether a sighting is recent enough to be used, if the token is the same.
  static func holds(_ seen: ContinuousClock.Instant, _ now: ContinuousClock.Instant) -> Bool {
    now - seen < .seconds(1)
  }

  /// Whether the file that was seen the last time still exists.
  func isWitnessed(_ directory: StoragePath) async throws(StorageError) -> Bool {
    guard let witness = witnesses.value(for: directory) else { return false }
    return try await isLink(witness)
  }

  /// Whether any tag or revision is in the repository whose directory is `directory`.
  func evidence(in directory: StoragePath) async throws(StorageError) -> Evidence {
    if try await isWitnessed(directory) { return .seen }
    let manifests = directory / "_manifests"
    var places = [(manifests / "tags", "current/link")]
    for algorithm in Digest.Algorithm.allCases {
      places.append((manifests / "revisions" / algorithm.rawValue, "link"))
    }
    for (place, link) in places {
      var seen = 0
      for name in try await driver.names(in: place) {
        guard let entry = place.appending(name) else { continue }
        if try await isLink(entry / link) {
          witnesses.store(entry / link, for: directory, cost: 1)
          return .seen
        }
        seen += 1
        if seen == ManifestPresence.patience { return .assumed }
      }
    }
    return .none
  }

  /// An empty file, as a crash may leave it, does not count.
  private func isLink(_ path: StoragePath) async throws(StorageError) -> Bool {
    do {
      let entry = try await driver.stat(path)
      return !entry.isDirectory && entry.size > 0
    } catch  where error.code == .notFound {
      return false
    } catch {
      // Look at the next one: what can't be read is of no use to clients.
      try await unreadable.leaveOut(path, error)
      return false
    }
  }
}

extension Registry {
  /// Whether repositories have manifests.
  var manifestPresence: ManifestPresence {
    ManifestPresence(driver: driver, witnesses: listings.witnesses, unreadable: unreadable)
  }
}

extension StorageDriver {
  /// Runs `body`, which removes a tag or the link of a revision: what may have shown that the repository has manifests.
  ///
  /// The directory's change token is changed before and after, so that no reader trusts what it saw before, even if
  /// this process dies in between. (File systems give out no token for a directory that has just changed.)
  /// - Parameter directory: the repository's.
  func removingManifests<Result>(
    from directory: StoragePath, _ body: () async throws(StorageError) -> Result
  ) async throws(StorageError) -> Result {
    // Object stores have no directories, and give no tokens.
    guard hasAtomicRename else { return try await body() }
    // The second touch is the one that counts; its failure is thrown.
    try? await touch(directory)
    let result: Result
    do {
      result = try await body()
    } catch {
      // It may be gone all the same.
      try? await touch(directory)
      throw error
    }
    do {
      try await touch(directory)
    } catch  where error.code == .notFound || error.code == .wrongKind {
      // The directory is gone, and its token with it.
    }
    return result
  }
}
