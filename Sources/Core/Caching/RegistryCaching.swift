/// What a registry remembers, so that it needs not look at the storage (`storage.cache`).
public struct RegistryCaching: Sendable {
  /// Of blobs.
  public var descriptors: any BlobDescriptorCache
  /// For how long clients are told that a blob is there without telling garbage collection that it is wanted: see
  /// ``claimHolds(for:)``.
  public var claimHolds: Duration
  /// Bytes of manifests that a process keeps at the most.
  public var manifestBytes = 4 << 20
  /// Counts.
  public var meter: CacheMeter

  /// - Parameter grace: `storage.maintenance.garbagecollection.grace`
  public init(_ descriptors: any BlobDescriptorCache, grace: Duration, meter: CacheMeter = .none) {
    self.descriptors = descriptors
    claimHolds = Self.claimHolds(for: grace)
    self.meter = meter
  }

  /// How long claims are remembered where garbage collection has a grace of `grace`, to which it must add as much: an
  /// eighth of it, and ten minutes at the most.
  public static func claimHolds(for grace: Duration) -> Duration {
    min(max(.zero, grace) / 8, .seconds(600))
  }

  /// Removes the permits of caches that are gone (docs/caching.md). Takes a second where there are any.
  /// - Returns: how many.
  public static func sweepPermits(_ driver: any StorageDriver) async throws(StorageError) -> Int {
    try await CacheInvalidation(driver, nil).sweep()
  }
}
