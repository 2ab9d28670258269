/// Whether repositories have manifests.
///
/// What showed it the last time is remembered, and looked at first: a stat, where a listing could be of thousands of
/// names. Nothing is remembered of a repository that has none.
struct Occupancy {
  let driver: any StorageDriver
  let witnesses: BoundedCache<StoragePath, StoragePath>

  /// Links that are looked at in a directory. docker/distribution leaves the directories of what it deletes; where
  /// there are more of these than that, the repository counts as one with manifests.
  private static let patience = 100

  /// Whether any tag or revision is in the repository whose directory is `directory`.
  func hasManifests(_ directory: StoragePath) async throws(StorageError) -> Bool {
    if let witness = witnesses.value(for: directory), try await isLink(witness) { return true }
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
          return true
        }
        seen += 1
        if seen == Occupancy.patience { return true }
      }
    }
    return false
  }

  /// An empty one, as a crash may leave it, is none.
  private func isLink(_ path: StoragePath) async throws(StorageError) -> Bool {
    do {
      let entry = try await driver.stat(path)
      return !entry.isDirectory && entry.size > 0
    } catch  where error.code == .notFound || error.code == .wrongKind {
      return false
    }
  }
}

extension Registry {
  /// Whether repositories have manifests.
  var occupancy: Occupancy { Occupancy(driver: driver, witnesses: listings.witnesses) }
}
