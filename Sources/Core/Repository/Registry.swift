/// The registry's content over one driver: the way in to every repository.
public struct Registry: Sendable {
  /// Where the bytes lie.
  public let driver: any StorageDriver
  /// All content.
  public let blobs: BlobStore
  /// What this process keeps of directory listings.
  let listings = ListingCache()

  /// Over a driver.
  /// - Parameter damage: where it is told what lies torn in the storage; nil: nowhere.
  public init(driver: any StorageDriver, damage: DamageLog? = nil) {
    self.driver = driver
    self.blobs = BlobStore(driver: driver, damage: damage)
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
