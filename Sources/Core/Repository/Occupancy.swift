/// Whether repositories have manifests.
///
/// That one was seen is remembered with the token of the repository's directory, and holds as long as the token does:
/// whoever takes away what may have shown it changes the token (`removingManifests(from:_:)`). Where the token is
/// another one, or none, what showed it the last time is looked at first: a stat, where a listing could be of thousands
/// of names. Nothing is remembered of a repository that has none.
///
/// docker/distribution changes no token when it deletes a manifest. So what was seen holds for a second only.
struct Occupancy {
  let driver: any StorageDriver
  let witnesses: BoundedCache<StoragePath, StoragePath>
  let unreadable: UnreadableFiles

  /// What tells of manifests.
  enum Evidence {
    case none
    /// There is more than one wants to look at. It may go without a word.
    case assumed
    /// A tag or revision.
    case seen
  }

  /// Links that are looked at in a directory. docker/distribution leaves the directories of what it deletes; where
  /// there are more of these than that, the repository counts as one with manifests.
  private static let patience = 100

  /// Whether what was seen then need not be looked at again, if the token is the same.
  static func holds(_ seen: ContinuousClock.Instant, _ now: ContinuousClock.Instant) -> Bool {
    now - seen < .seconds(1)
  }

  /// Whether what has shown it the last time is there.
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
        if seen == Occupancy.patience { return .assumed }
      }
    }
    return .none
  }

  /// An empty one, as a crash may leave it, is none.
  private func isLink(_ path: StoragePath) async throws(StorageError) -> Bool {
    do {
      let entry = try await driver.stat(path)
      return !entry.isDirectory && entry.size > 0
    } catch  where error.code == .notFound {
      return false
    } catch {
      // Another one may tell. One that can't be looked at leads to nothing that a client could pull.
      try await unreadable.leaveOut(path, error)
      return false
    }
  }
}

extension Registry {
  /// Whether repositories have manifests.
  var occupancy: Occupancy { Occupancy(driver: driver, witnesses: listings.witnesses, unreadable: unreadable) }
}

extension StorageDriver {
  /// Takes away what may show that a repository has manifests: a tag, or the link of a revision.
  ///
  /// The token of the repository's directory is another one afterwards, so nobody goes by what he saw before. It is
  /// another one before, too: where this process dies in between, nobody goes by what he saw until then, and a token
  /// that is as young as that is not given out by a file system.
  /// - Parameter directory: the repository's.
  func removingManifests<Result>(
    from directory: StoragePath, _ body: () async throws(StorageError) -> Result
  ) async throws(StorageError) -> Result {
    // Object stores have no directories, and give no tokens.
    guard removalTiming == nil else { return try await body() }
    // What counts is the second time; where it fails, this is told.
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
