extension Configuration {
  /// `storage`: one driver, and what is done with it.
  public struct Storage: Sendable, Equatable {
    /// The driver with its parameters.
    public var driver = Driver.filesystem(Filesystem())
    /// `storage.delete.enabled`: whether blobs, manifests and tags may be deleted through the API.
    public var deleteEnabled = false
    /// `storage.delete.repositories`: whether whole repositories may be, too.
    public var deleteRepositories = false
    /// `storage.redirect.disable`: never send a client to the object store.
    public var redirectDisabled = false
    /// `storage.maintenance.readonly.enabled`
    public var readOnly = false
    /// `storage.maintenance.uploadpurging`
    public var uploadPurging = UploadPurging()
    /// `storage.maintenance.garbagecollection`
    public var garbageCollection = GarbageCollection()
    /// `storage.cache`; nil: none.
    public var cache: Cache?
    /// `storage.tag.concurrencylimit`: tags that distribution looks up at once; Berth needs no bound.
    public var tagConcurrencyLimit = 0

    /// The defaults.
    public init() {}

    /// The drivers.
    public enum Driver: Sendable, Equatable {
      /// `storage.filesystem`
      case filesystem(Filesystem)
      /// `storage.inmemory`
      case inMemory
      /// `storage.s3`, `storage.s3aws`
      case s3(S3)
      /// `storage.azure`
      case azure(Azure)
      /// `storage.rados`
      case rados(Rados)
    }
  }

  /// `storage.filesystem`
  public struct Filesystem: Sendable, Equatable {
    /// `rootdirectory`
    public var rootDirectory = "/var/lib/registry"
    /// `maxthreads`: operations under way at once. A smaller number than `leastThreads` counts as that.
    public var maxThreads = 100
    /// `followsymlinks`: whether symbolic links below the root are followed.
    public var followSymlinks = false

    /// The least that `maxthreads` can be, as in docker/distribution.
    static let leastThreads = 25

    /// The defaults.
    public init() {}
  }

  /// `storage.maintenance.uploadpurging`
  public struct UploadPurging: Sendable, Equatable {
    /// `enabled`
    public var enabled = true
    /// `age`
    public var age = Duration.seconds(168 * 3600)
    /// `interval`
    public var interval = Duration.seconds(24 * 3600)
    /// `dryrun`
    public var dryRun = false

    /// The defaults.
    public init() {}
  }

  /// `storage.maintenance.garbagecollection`
  public struct GarbageCollection: Sendable, Equatable {
    /// `enabled`
    public var enabled = false
    /// `schedule`: when the keeper collects.
    public var schedule = MaintenanceSchedule(every: .seconds(24 * 3600))
    /// `grace`: how long content is kept after it was pushed or claimed.
    public var grace = Duration.seconds(24 * 3600)
    /// `deleteuntagged`: whether manifests go that nothing leads to.
    public var deleteUntagged = false

    /// The defaults.
    public init() {}
  }

  /// `storage.cache`
  public struct Cache: Sendable, Equatable {
    /// `blobdescriptor` (old alias: `layerinfo`); nil: none.
    public var blobDescriptor: Kind?
    /// `blobdescriptorsize`: descriptors kept in memory at the most.
    public var blobDescriptorSize = 10000

    /// The defaults: none.
    public init() {}

    /// Where descriptors are kept.
    public enum Kind: String, Sendable, CaseIterable {
      case inMemory = "inmemory"
      case redis
    }
  }
}

extension Configuration.Cache.Kind: ConfigurationKeyword {}

extension Configuration.Storage: ConfigurationSection {
  /// What stands beside the driver.
  private static let options = ["cache", "delete", "maintenance", "redirect", "tag"]

  mutating func visit(_ keys: some ConfigurationVisitor) {
    if keys.isReading { chooseDriver(keys) }
    visitDriver(keys)
    var switches = Switches(self)
    keys.section("delete", &switches.delete)
    keys.section("redirect", &switches.redirect)
    keys.section("maintenance", &switches.maintenance)
    deleteEnabled = switches.delete.enabled
    deleteRepositories = switches.delete.repositories
    redirectDisabled = switches.redirect.disable
    readOnly = switches.maintenance.readOnly.enabled
    uploadPurging = switches.maintenance.uploadPurging
    garbageCollection = switches.maintenance.garbageCollection
    keys.section("cache", &cache)
    keys.withoutEffect {
      var tag = Switches.Tag(concurrencyLimit: tagConcurrencyLimit)
      keys.section("tag", &tag)
      tagConcurrencyLimit = tag.concurrencyLimit
    }
  }

  /// Sets the driver that is named, with its defaults.
  private mutating func chooseDriver(_ keys: some ConfigurationVisitor) {
    let named = keys.given.filter { !Self.options.contains($0) }
    let available = Self.availableDrivers.joined(separator: ", ")
    guard let name = named.first else {
      keys.report(.error, "", "no storage driver is named", remedy: "add one of \(available)")
      return
    }
    for other in named.dropFirst() {
      keys.report(
        .error, other, "there is a driver already: \(name)",
        remedy: "keep one of \(named.joined(separator: ", "))")
      keys.skip(other)
    }
    switch name {
    case "filesystem": driver = .filesystem(.init())
    case "inmemory": driver = .inMemory
    case "s3", "s3aws": driver = .s3(.init())
    case "azure": driver = .azure(.init())
    case "rados": driver = .rados(.init())
    default:
      let nearest = nearestKey(to: name, among: Self.availableDrivers + Self.options)
      keys.report(
        .error, name, "no storage driver has this name",
        remedy: "available are \(available)" + (nearest.map { "; did you mean \($0)?" } ?? ""))
      keys.skip(name)
      return
    }
    if !Self.availableDrivers.contains(name) {
      keys.report(
        .error, name, "this build of Berth has no such storage driver", remedy: "available are \(available)")
    }
  }

  private mutating func visitDriver(_ keys: some ConfigurationVisitor) {
    switch driver {
    case .filesystem(var parameters):
      keys.section("filesystem", &parameters)
      driver = .filesystem(parameters)
    case .inMemory:
      var parameters = Switches.NoParameters()
      keys.section("inmemory", &parameters)
    case .s3(var parameters):
      keys.section(keys.given.contains("s3aws") ? "s3aws" : "s3", &parameters)
      driver = .s3(parameters)
    case .azure(var parameters):
      keys.section("azure", &parameters)
      driver = .azure(parameters)
    case .rados(var parameters):
      keys.section("rados", &parameters)
      driver = .rados(parameters)
    }
  }
}

extension Configuration.Filesystem: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("rootdirectory", &rootDirectory)
    if !rootDirectory.hasPrefix("/") {
      keys.report(
        .error, "rootdirectory", "\(rootDirectory) is no absolute path", remedy: "begin it with a slash")
    }
    keys.value("followsymlinks", &followSymlinks)
    keys.loose("maxthreads", &maxThreads)
    if maxThreads < Self.leastThreads {
      keys.report(
        .warning, "maxthreads", "\(maxThreads) is too few: \(Self.leastThreads) is used",
        remedy: "give at least \(Self.leastThreads)")
      maxThreads = Self.leastThreads
    }
  }
}

extension Configuration.UploadPurging: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("enabled", &enabled)
    keys.value("age", &age)
    keys.value("interval", &interval)
    keys.value("dryrun", &dryRun)
    guard enabled else { return }
    if interval < .seconds(1) {
      keys.report(.error, "interval", "\(interval.goText) is too short", remedy: "give at least 1s, or a unit: 24h")
    }
    if age < .seconds(1) {
      keys.report(
        .error, "age", "\(age.goText) would remove uploads under way", remedy: "give at least 1s, or a unit: 168h")
    }
  }
}

extension Configuration.GarbageCollection: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("enabled", &enabled)
    keys.value("schedule", &schedule)
    keys.value("grace", &grace)
    keys.value("deleteuntagged", &deleteUntagged)
    if enabled, grace < .seconds(1) {
      keys.report(
        .error, "grace", "\(grace.goText) would remove blobs of pushes under way",
        remedy: "give at least 1s, or a unit: 24h")
    }
  }
}

extension Configuration.Cache: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.alias { keys.value("layerinfo", &blobDescriptor) }
    keys.value("blobdescriptor", &blobDescriptor)
    keys.integer("blobdescriptorsize", &blobDescriptorSize, in: 0...Int.max)
  }
}

/// The maps of `storage` that hold a key or two.
private struct Switches {
  var delete = Delete()
  var redirect = Redirect()
  var maintenance = Maintenance()

  init(_ storage: Configuration.Storage) {
    delete.enabled = storage.deleteEnabled
    delete.repositories = storage.deleteRepositories
    redirect.disable = storage.redirectDisabled
    maintenance.readOnly.enabled = storage.readOnly
    maintenance.uploadPurging = storage.uploadPurging
    maintenance.garbageCollection = storage.garbageCollection
  }

  struct Delete: ConfigurationSection {
    var enabled = false
    var repositories = false

    mutating func visit(_ keys: some ConfigurationVisitor) {
      keys.value("enabled", &enabled)
      keys.value("repositories", &repositories)
      if repositories, !enabled {
        keys.report(
          .warning, "repositories", "it has no effect, since nothing may be deleted",
          remedy: "set storage.delete.enabled to true")
      }
    }
  }

  struct Redirect: ConfigurationSection {
    var disable = false

    mutating func visit(_ keys: some ConfigurationVisitor) {
      keys.value("disable", &disable)
    }
  }

  struct Maintenance: ConfigurationSection {
    var uploadPurging = Configuration.UploadPurging()
    var garbageCollection = Configuration.GarbageCollection()
    var readOnly = ReadOnly()

    mutating func visit(_ keys: some ConfigurationVisitor) {
      keys.section("uploadpurging", &uploadPurging)
      keys.section("garbagecollection", &garbageCollection)
      keys.section("readonly", &readOnly)
    }
  }

  struct ReadOnly: ConfigurationSection {
    var enabled = false

    mutating func visit(_ keys: some ConfigurationVisitor) {
      keys.value("enabled", &enabled)
    }
  }

  struct Tag: ConfigurationSection {
    var concurrencyLimit = 0

    init() {}
    init(concurrencyLimit: Int) { self.concurrencyLimit = concurrencyLimit }

    mutating func visit(_ keys: some ConfigurationVisitor) {
      keys.integer("concurrencylimit", &concurrencyLimit, in: 0...Int.max)
    }
  }

  struct NoParameters: ConfigurationSection {
    mutating func visit(_ keys: some ConfigurationVisitor) {}
  }
}
