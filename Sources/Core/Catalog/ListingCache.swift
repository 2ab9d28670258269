/// Directory listings in this process's memory, each with the change token under which it is valid.
final class ListingCache: Sendable {
  /// Tag lists, by the directory of a repository's tags.
  let tags = BoundedCache<StoragePath, (token: ChangeToken, listing: TagListing)>(limit: ListingCache.maximumNames)
  /// Directories of repositories, each with a token, but for those in `listed`.
  private let directories = BoundedCache<StoragePath, KnownDirectory>(limit: ListingCache.maximumNames)
  /// Repositories without others below, by the directory above.
  private let listed = BoundedCache<StoragePath, ListedRepositories>(limit: ListingCache.maximumNames)
  /// A link that shows that a repository has a manifest, by the repository's directory.
  let witnesses = BoundedCache<StoragePath, StoragePath>(limit: ListingCache.maximumNames)

  /// Names that each holds at the most: some twenty megabytes. A single list of up to a quarter of
  /// that is kept.
  static let maximumNames = 200_000

  /// Keeps a tag list. The token must have been obtained before the directory was listed.
  func keep(_ listing: TagListing, _ token: ChangeToken, of directory: StoragePath) {
    tags.store((token, listing), for: directory, cost: 1 + listing.tags.count + listing.unfinished.count)
  }

  /// The remembered directory, if its token is still the same.
  func directory(_ directory: StoragePath, _ token: ChangeToken?) -> KnownDirectory? {
    guard let token, let kept = directories.value(for: directory), kept.token == token else { return nil }
    return kept
  }

  /// Keeps what is known of a directory of repositories, where it has a token.
  func keep(_ known: KnownDirectory, of directory: StoragePath) {
    guard known.token != nil else { return }
    directories.store(known, for: directory, cost: 1 + known.children.steps.count)
  }

  /// The repositories of a directory that are known to be in the catalog, and to have no others below.
  func listed(in directory: StoragePath) -> [String: ListedRepositories.Sighting] {
    listed.value(for: directory)?.all ?? [:]
  }

  /// Keeps more of them.
  func keep(listed learnt: [String: ListedRepositories.Sighting], in directory: StoragePath) {
    guard !learnt.isEmpty else { return }
    let repositories = listed.value(for: directory) ?? ListedRepositories()
    // Each takes less than half of the memory that a directory's name takes.
    let count = repositories.add(learnt, limit: ListingCache.maximumNames * 2 / 5)
    listed.store(repositories, for: directory, cost: 1 + count / 2)
  }
}

/// A remembered directory of repositories, valid as long as its token is the same.
struct KnownDirectory: Sendable {
  /// Obtained before anything else here was seen; nil where the driver could not tell.
  let token: ChangeToken?
  /// What lies in it.
  let children: DirectoryChildren
  /// When a manifest was seen in it, if it is a repository.
  var occupiedAt: ContinuousClock.Instant?
}
