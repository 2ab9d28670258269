import Core
import Drivers
import Logging

/// Makes the objects for a configuration. The only place that knows all implementations.
enum Composition {
  /// The driver of a storage that was prepared (``prepare(_:warn:)``).
  /// - Parameters:
  ///   - isForMaintenance: whether the process frees full storage, and so may use the reserve.
  ///   - logger: gets the driver's warnings; nil: they are dropped.
  static func driver(
    _ storage: Configuration.Storage, accelPrefix: String, isForMaintenance: Bool = false, logger: Logger? = nil
  ) throws -> any StorageDriver {
    switch storage.driver {
    case .filesystem(let parameters):
      try FilesystemDriver(
        rootDirectory: parameters.rootDirectory, maxThreads: parameters.maxThreads,
        accelPrefix: accelPrefix.isEmpty ? nil : accelPrefix, makesRoot: false,
        followsSymlinks: parameters.followSymlinks, hasReserve: isForMaintenance && !storage.readOnly,
        logger: logger)
    case .inMemory:
      InMemoryDriver()
    case .s3(let parameters):
      try S3Driver(parameters, environment: Environment.all)
    case .azure, .rados:
      // The configuration does not let these through.
      throw StorageError(.failed, "this build of Berth has no such storage driver")
    }
  }

  /// The chain of handlers that a request passes.
  static func handler(
    _ configuration: Configuration, _ segment: SharedSegment, logger: Logger, accessLog: LineSink
  ) throws -> any RequestHandler {
    let driver = try withMiddleware(
      configuration, over: driver(configuration.storage, accelPrefix: configuration.fastcgi.accelPrefix), logger)
    let registry = Registry(
      driver: driver, damage: DamageLog(logger), caching: try caching(configuration, segment, logger),
      isReadOnly: configuration.storage.readOnly)
    var isHealthy: (@Sendable () -> Bool)?
    if configuration.health?.storageDriver.enabled == true { isHealthy = { segment.isStorageHealthy } }
    let handler = RequestPipeline.handler(
      APIContext(registry: registry, configuration: configuration, logger: logger), while: isHealthy)
    guard !configuration.log.accessLogDisabled else { return handler }
    let formatter = LogFormatter(form: configuration.log.formatter, fields: configuration.log.fields)
    let lines = AccessLines(accessLog, formatter, process: RegistryLogHandler.standing("worker"))
    return AccessLog(handler, sink: lines)
  }

  /// The keeper's tasks.
  static func keeperTasks(
    _ configuration: Configuration, _ segment: SharedSegment, logger: Logger
  ) throws -> [KeeperTask] {
    // In-memory storage is each worker's own.
    guard configuration.storage.driver != .inMemory else { return [] }
    let driver = try driver(configuration.storage, accelPrefix: "", isForMaintenance: true, logger: logger)
    var tasks: [KeeperTask] = []
    if let check = configuration.health?.storageDriver, check.enabled {
      tasks.append(checking(driver, check, segment, logger))
    }
    if !configuration.storage.readOnly { tasks.append(sweeping(driver, logger)) }
    let collection = configuration.storage.garbageCollection
    if collection.enabled, !configuration.storage.readOnly {
      tasks.append(try collecting(driver, configuration, logger))
    }
    let purging = configuration.storage.uploadPurging
    guard purging.enabled else { return tasks }
    let purger = UploadPurger(driver: driver, age: purging.age, dryRun: purging.dryRun, logger: logger)
    return tasks + [
      KeeperTask(
        name: "upload purging", interval: purging.interval, jitter: min(purging.interval, .seconds(3600)),
        run: { try await purger.runInTurn(every: purging.interval) })
    ]
  }

  /// Checks whether the storage answers, and sets the flag that workers read.
  private static func checking(
    _ driver: any StorageDriver, _ check: Configuration.Health.StorageCheck, _ segment: SharedSegment, _ logger: Logger
  ) -> KeeperTask {
    let run = StorageHealthCheck(driver, threshold: check.threshold) { change in
      switch change {
      case .healthy:
        if !segment.isStorageHealthy { logger.notice("the storage answers again, and so does the registry") }
        segment.isStorageHealthy = true
      case .unhealthy(let reason):
        segment.isStorageHealthy = false
        logger.error("the registry answers 503 until its storage does again (health.storagedriver): \(reason)")
      }
    }
    return KeeperTask(
      name: "health check", interval: max(check.interval, .seconds(1)), jitter: .zero, isLogged: false,
      deadline: .init(after: check.deadline, missed: run.noteSilence), run: run.run)
  }

  /// Removes leftovers of processes that died, at every start and once a day. Only those older than an hour: no
  /// operation takes that long.
  private static func sweeping(_ driver: any StorageDriver, _ logger: Logger) -> KeeperTask {
    KeeperTask(name: "sweeping leftovers", interval: .seconds(24 * 3600), jitter: .zero) {
      try await sweep(driver, logger)
    }
  }

  /// Sweeps the driver's leftovers and forgotten permits. If one fails, the other is done all the same.
  static func sweep(_ driver: any StorageDriver, _ logger: Logger) async throws {
    var failure: StorageError?
    do throws(StorageError) {
      let swept = try await driver.sweepLeftovers(olderThan: .seconds(3600))
      if swept > 0 { logger.info("swept \(swept) files and directories that processes have left behind") }
    } catch {
      failure = error
    }
    let permits = try await RegistryCaching.sweepPermits(driver)
    if permits > 0 { logger.info("swept \(permits) permits of caches that are not used any more") }
    if let failure { throw failure }
  }

  /// Collects garbage. If the schedule is an interval, the first run is delayed by a random time, so that hosts that
  /// share the storage don't start at the same time.
  private static func collecting(
    _ driver: any StorageDriver, _ configuration: Configuration, _ logger: Logger
  ) throws -> KeeperTask {
    let collection = configuration.storage.garbageCollection
    var options = GarbageCollector.Options()
    options.deletesUntagged = collection.deleteUntagged
    options.grace = collection.grace
    options.claimsHold = configuration.storage.claimsHold
    let collector = GarbageCollector(driver, options, cache: try sharedCache(configuration, logger))
    let scheduled = ScheduledCollection(collector, driver, logger)
    return KeeperTask(
      name: "garbage collection", schedule: collection.schedule,
      jitter: collection.schedule.interval.map { min($0, .seconds(3600)) },
      run: { try await scheduled.run(every: collection.schedule.leastInterval) })
  }
}
