import Core
import Drivers
import Logging

extension Composition {
  /// What is remembered (`storage.cache`); nil: nothing.
  static func caching(
    _ configuration: Configuration, _ segment: SharedSegment, _ logger: Logger
  ) throws -> RegistryCaching? {
    guard let cache = configuration.storage.cache, let kind = cache.blobDescriptor else { return nil }
    let meter = CacheMeter { segment.count($0, $1) }
    let descriptors: any BlobDescriptorCache
    switch kind {
    case .redis:
      guard let redis = configuration.redis else { return nil }
      descriptors = RedisDescriptorCache(try RedisClient(redis, logger: logger), meter)
    case .inMemory:
      descriptors = InProcessDescriptorCache(
        capacity: cache.blobDescriptorSize, domain: "host-\(segment.name)",
        generation: CacheGeneration(
          current: { segment.generation }, advance: { segment.advanceGeneration() }))
    }
    return RegistryCaching(
      descriptors, grace: configuration.storage.garbageCollection.grace, meter: meter)
  }
}

extension Configuration.Storage {
  /// For how long caches take claims as made, which a collection's grace must allow for.
  var claimsHold: Duration {
    cache?.blobDescriptor == nil ? .zero : RegistryCaching.claimHolds(for: garbageCollection.grace)
  }
}
