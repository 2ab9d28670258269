/// The registry's content over one driver: the way in to every repository.
public struct Registry: Sendable {
  /// Where the bytes lie.
  public let driver: any StorageDriver
  /// All content.
  public let blobs: BlobStore
  /// What this process keeps of directory listings.
  let listings = ListingCache()

  /// What becomes of files that can't be read.
  let unreadable: UnreadableFiles

  /// Manifests that this process has read lately; nil: they are read each time.
  let manifestCache: ManifestCache?

  /// Over a driver.
  /// - Parameters:
  ///   - damage: gets damaged files; nil: they are not logged.
  ///   - caching: the caches; nil: none.
  ///   - isReadOnly: whether requests that read must write nothing, not even to check whether the storage works.
  public init(
    driver: any StorageDriver, damage: DamageLog? = nil, caching: RegistryCaching? = nil, isReadOnly: Bool = false
  ) {
    self.driver = driver
    unreadable = UnreadableFiles(driver, damage, isReadOnly: isReadOnly)
    // No caches on eventually consistent storage: a process might use an old permit without noticing.
    let caching = driver.isEventuallyConsistent ? nil : caching
    blobs = BlobStore(
      driver: driver, damage: damage,
      cache: caching.map { DescriptorCaching($0.descriptors, driver, claimHolds: $0.claimHolds, $0.meter) })
    manifestCache = caching.map { ManifestCache(limit: $0.manifestBytes, $0.meter) }
  }

  /// A repository, whether anything is in it or not.
  public func repository(_ name: RepositoryName) -> Repository {
    Repository(name: name, registry: self)
  }
}

/// One repository: the way in to its blobs, uploads, manifests, tags and referrers.
public struct Repository: Sendable {
  /// The name.
  public let name: RepositoryName
  let registry: Registry

  var driver: any StorageDriver { registry.driver }

  /// The blobs that it may see.
  public var blobs: LinkedBlobStore {
    LinkedBlobStore(repository: name, blobs: registry.blobs)
  }
}
