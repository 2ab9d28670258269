/// Directory listings that this process keeps, each with the token that tells whether it still holds.
final class ListingCache: Sendable {
  /// Tag lists, by the directory of a repository's tags.
  let tags = BoundedCache<StoragePath, (token: ChangeToken, listing: TagListing)>(limit: ListingCache.maximumNames)
  /// Directories of repositories.
  let directories = BoundedCache<StoragePath, (token: ChangeToken, children: DirectoryChildren)>(
    limit: ListingCache.maximumNames)
  /// A link that shows that a repository has a manifest, by the repository's directory.
  let witnesses = BoundedCache<StoragePath, StoragePath>(limit: ListingCache.maximumNames)

  /// Names that each holds at the most: some twenty megabytes. A single list of up to a quarter of
  /// that is kept.
  static let maximumNames = 200_000

  /// Keeps a tag list. The token must have been obtained before the directory was listed.
  func keep(_ listing: TagListing, _ token: ChangeToken, of directory: StoragePath) {
    tags.store((token, listing), for: directory, cost: 1 + listing.tags.count + listing.unfinished.count)
  }

  /// Keeps a directory's children. The token must have been obtained before the directory was listed.
  func keep(_ children: DirectoryChildren, _ token: ChangeToken, of directory: StoragePath) {
    directories.store((token, children), for: directory, cost: 1 + children.steps.count)
  }
}
