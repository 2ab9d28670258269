/// Remembers what content there is, and in which repositories, so that asking again costs no trip to the storage.
///
/// It has two scopes: all content, and what one repository may see. Only presence is remembered, never absence. What
/// it says holds under the permit of its domain (``CachePermit``), and until the content or the link is removed
/// (``CacheInvalidation``).
///
/// A fault of a cache is a miss; none of the calls throws. A call may block its thread.
public protocol BlobDescriptorCache: Sendable {
  /// Names those who see each other's changes to this cache at once: a host's workers, or whoever uses the same Redis
  /// servers. It is another one whenever a change that they saw may be lost. nil while the cache can't be used.
  /// In letters, digits and hyphens.
  func domain() -> String?

  /// What is known of each of `digests`: in a repository, or in all content where it is nil.
  func find(_ digests: [Digest], in repository: RepositoryName?, _ pass: CachePass) -> [CacheFinding]

  /// Remembers what was found since the leases were given. What was removed in between is not remembered.
  func add(_ entries: [CacheEntry], in repository: RepositoryName?, _ pass: CachePass)

  /// Forgets a content that is about to be removed, or taken out of a repository, and remembers nothing new about it
  /// before `endRemoval`, even if this process dies.
  /// - Returns: nil where not everybody in the domain could be told.
  func beginRemoval(of digest: Digest, in repository: RepositoryName?) -> CacheRemoval?

  /// Forgets whatever has been remembered before the removal was over.
  /// - Returns: false where not everybody in the domain could be told.
  func endRemoval(_ removal: CacheRemoval) -> Bool

  /// Forgets, for everybody in the domain and at once, what is remembered of contents that turned out to be gone
  /// though the registry has not removed them, and all that the repository was known to have. What was looked up before
  /// is not remembered after it.
  func void(_ digests: [Digest], in repository: RepositoryName?)

  /// Frees what is kept of contents that are gone, or, in a repository, of links to them. What Berth answers doesn't rest
  /// on it, but what other registries do that share the cache.
  func forget(_ digests: [Digest], in repository: RepositoryName?)

  /// As `forget`, of all that a repository had.
  func forget(_ repository: RepositoryName)
}

/// What content is known to be.
public struct CachedBlob: Sendable, Equatable {
  /// Bytes.
  public var size: Int64
  /// When garbage collection was last told that the content is wanted (``BlobStore/claim(_:)``), in nanoseconds since
  /// 1970.
  public var claimed: Int64

  /// What was found in the storage.
  public init(size: Int64, claimed: Int64) {
    self.size = size
    self.claimed = claimed
  }
}

/// What a cache says of a digest.
public enum CacheFinding: Sendable, Equatable {
  /// It is there. The lease is for renewing the claim.
  case hit(CachedBlob, CacheLease)
  /// Nothing is known. What is found in the storage from now on may be remembered under the lease, if there is one.
  case miss(CacheLease?)
}

/// The right to remember what is found out about a digest after the lease was given: a number that is another one
/// whenever the content was removed in between.
public struct CacheLease: Sendable, Equatable {
  /// Another one after each removal.
  public let number: UInt64

  /// With a number.
  public init(_ number: UInt64) {
    self.number = number
  }

}

/// Something to remember.
public struct CacheEntry: Sendable {
  /// Of which content.
  public var digest: Digest
  /// What was found.
  public var blob: CachedBlob
  /// Given before it was looked for.
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
  /// Told from others by this.
  public var number: UInt64

  /// Known in a domain.
  public init(domain: String, digest: Digest, repository: RepositoryName?, number: UInt64) {
    self.domain = domain
    self.digest = digest
    self.repository = repository
    self.number = number
  }
}
