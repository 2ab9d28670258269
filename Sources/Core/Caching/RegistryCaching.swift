/// The caches of a registry (`storage.cache`).
public struct RegistryCaching: Sendable {
  /// The cache for blobs.
  public var descriptors: any BlobDescriptorCache
  /// How long the cache may answer for a blob without a new claim: see ``claimHolds(for:)``.
  public var claimHolds: Duration
  /// Maximum bytes of manifests in a process's memory.
  public var manifestBytes = 4 << 20
  /// Counts.
  public var meter: CacheMeter

  /// - Parameter grace: `storage.maintenance.garbagecollection.grace`
  public init(_ descriptors: any BlobDescriptorCache, grace: Duration, meter: CacheMeter = .none) {
    self.descriptors = descriptors
    claimHolds = Self.claimHolds(for: grace)
    self.meter = meter
  }

  /// How long claims are remembered if garbage collection has the grace `grace`, to which it adds this: an eighth of
  /// it, ten minutes at the most.
  public static func claimHolds(for grace: Duration) -> Duration {
    min(max(.zero, grace) / 8, .seconds(600))
  }

  /// Removes the permits of caches that are gone (docs/caching.md). Takes a second where there are any.
  /// - Returns: how many.
  public static func sweepPermits(_ driver: any StorageDriver) async throws(StorageError) -> Int {
    try await CacheInvalidation(driver, nil).sweep()
  }
}
