import Core
import Logging
import RedisCache

extension Composition {
  /// The caches of `storage.cache`; nil: none.
  static func caching(
    _ configuration: Configuration, _ segment: SharedSegment, _ logger: Logger
  ) throws -> RegistryCaching? {
    guard let cache = configuration.storage.cache, let kind = cache.blobDescriptor else { return nil }
    let meter = CacheMeter { segment.count($0, $1) }
    let descriptors: any BlobDescriptorCache
    switch kind {
    case .redis:
      guard let shared = try sharedCache(configuration, logger, meter) else { return nil }
      descriptors = shared
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

extension Composition {
  /// A cache that is shared with all processes that use the same Redis; nil: there is none.
  static func sharedCache(
    _ configuration: Configuration, _ logger: Logger, _ meter: CacheMeter = .none
  ) throws -> (any BlobDescriptorCache)? {
    guard configuration.storage.cache?.blobDescriptor == .redis, let redis = configuration.redis else { return nil }
    return RedisDescriptorCache(try RedisClient(redis, logger: logger), meter)
  }
}

extension Composition {
  /// The caches that a command shares with the service.
  static func commandCaching(_ configuration: Configuration) throws -> RegistryCaching? {
    let logger = RegistryLogHandler.logger(configuration.log, process: "command")
    return try sharedCache(configuration, logger).map {
      RegistryCaching($0, grace: configuration.storage.garbageCollection.grace)
    }
  }
}

extension Configuration.Storage {
  /// How long caches count a claim as present. A collection adds it to the grace.
  var claimsHold: Duration {
    cache?.blobDescriptor == nil ? .zero : RegistryCaching.claimHolds(for: garbageCollection.grace)
  }
}
