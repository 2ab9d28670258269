/// Remembers which contents exist, and in which repositories, so that a repeated request need not ask the storage.
///
/// It has two scopes: all content, and the blobs of one repository. Only presence is remembered, never absence. An
/// entry is valid under the permit of its domain (``CachePermit``), and until the content or the link is removed
/// (``CacheInvalidation``).
///
/// A fault of a cache is a miss; none of the calls throws. A call may block its thread.
public protocol BlobDescriptorCache: Sendable {
  /// Names the processes that see each other's changes to this cache at once (the workers of one service, or all users
  /// of one Redis deployment). Changes whenever a change may have been lost. nil: the cache can't be used now.
  /// Letters, digits and hyphens.
  func domain() -> String?

  /// What is known of each of `digests`: in a repository, or in all content where it is nil.
  func find(_ digests: [Digest], in repository: RepositoryName?, _ pass: CachePass) -> [CacheFinding]

  /// Adds entries for what was found after their leases were given. Entries whose content was removed in between are
  /// dropped.
  func add(_ entries: [CacheEntry], in repository: RepositoryName?, _ pass: CachePass)

  /// Removes the entry of a content that is about to be removed, or to be removed from a repository, and prevents new
  /// entries for it until `endRemoval`, even if this process dies.
  /// - Returns: nil where the domain could not be informed.
  func beginRemoval(of digest: Digest, in repository: RepositoryName?) -> CacheRemoval?

  /// Removes entries that were added before the removal was over.
  /// - Returns: false where the domain could not be informed.
  func endRemoval(_ removal: CacheRemoval) -> Bool

  /// Removes, for all processes of the domain and at once, the entries of contents that are gone although the registry
  /// has not removed them, and all entries of the repository. What was looked up before is not added afterwards.
  func void(_ digests: [Digest], in repository: RepositoryName?)

  /// Deletes the entries of contents that are gone or, in a repository, of links to them. Berth's answers do not depend
  /// on it, but those of other registries that share the cache do.
  func forget(_ digests: [Digest], in repository: RepositoryName?)

  /// As `forget`, of all that a repository had.
  func forget(_ repository: RepositoryName)
}

/// What a cache knows of a content.
public struct CachedBlob: Sendable, Equatable {
  /// Bytes.
  public var size: Int64
  /// When the content was last claimed (``BlobStore/claim(_:)``), in nanoseconds since 1970.
  public var claimed: Int64

  /// What was found in the storage.
  public init(size: Int64, claimed: Int64) {
    self.size = size
    self.claimed = claimed
  }
}

/// What a cache says of a digest.
public enum CacheFinding: Sendable, Equatable {
  /// It exists. The lease allows to store a renewed claim.
  case hit(CachedBlob, CacheLease)
  /// Nothing is known. What is found in the storage from now on may be added under the lease, if there is one.
  case miss(CacheLease?)
}

/// The right to add what is found out about a digest after the lease was given: a number that changes with each removal
/// of the content.
public struct CacheLease: Sendable, Equatable {
  /// Another one after each removal.
  public let number: UInt64

  /// With a number.
  public init(_ number: UInt64) {
    self.number = number
  }

}

/// One entry to store, with the lease that proves it is not stale.
public struct CacheEntry: Sendable {
  /// Of which content.
  public var digest: Digest
  /// What was found.
  public var blob: CachedBlob
  /// Given before the look into the storage.
  public var lease: CacheLease

  /// An entry.
  public init(digest: Digest, blob: CachedBlob, lease: CacheLease) {
    self.digest = digest
    self.blob = blob
    self.lease = lease
  }
}

/// A removal that a cache knows of.
public struct CacheRemoval: Sendable {
  /// The domain that knows of it.
  public var domain: String
  /// What is removed.
  public var digest: Digest
  /// Where; nil: the content itself.
  public var repository: RepositoryName?
  /// Distinguishes removals of the same content.
  public var number: UInt64

  /// Known in a domain.
  public init(domain: String, digest: Digest, repository: RepositoryName?, number: UInt64) {
    self.domain = domain
    self.digest = digest
    self.repository = repository
    self.number = number
  }
}
