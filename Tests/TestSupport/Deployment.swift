package import Core
import Drivers
import Foundation
package import HTTPTypes
import Logging

/// The ways in which one test body meets the registry.
package enum Deployment: String, CaseIterable, Sendable, CustomStringConvertible {
  /// The handlers in this process, over memory.
  case inMemory
  /// The same, with what was found remembered.
  case cached
  /// The handlers in this process, over what can do no more than an object store.
  case objects
  /// The handlers in this process, over a temporary folder.
  case filesystem
  /// The real thing: nginx, FastCGI, worker processes, over a temporary folder.
  case nginx
  /// The handlers in this process, over a bucket of radosgw.
  case radosgw
  /// nginx, FastCGI and worker processes over such a bucket.
  case nginxRadosgw

  /// All of them; in a fast run, those in this process.
  package static let allCases: [Deployment] =
    [.inMemory, .cached, .objects, .filesystem] + (ServerTests.areRun ? [.nginx, .radosgw, .nginxRadosgw] : [])

  /// Those that see at once what happens to the storage behind the registry's back.
  package static let withoutCache = allCases.filter { $0 != .cached }

  /// Those over storage where a directory may be empty, which says something.
  package static let withDirectories = allCases.filter { ![.objects, .radosgw, .nginxRadosgw].contains($0) }

  package var description: String { rawValue }

  /// What a body is given.
  package struct Site: Sendable {
    /// Sends requests.
    package let client: any RegistryClient
    /// The storage beneath, as the registry sees it; over nginx, the same folder through a driver of our own.
    package let driver: any StorageDriver
    /// The driver's root directory; nil in memory.
    package let rootDirectory: String?

    package init(client: any RegistryClient, driver: any StorageDriver, rootDirectory: String?) {
      self.client = client
      self.driver = driver
      self.rootDirectory = rootDirectory
    }

    /// A registry in this process.
    package init(
      over driver: any StorageDriver, _ options: DeploymentOptions = DeploymentOptions(), rootDirectory: String? = nil
    ) {
      self.init(
        client: InProcessClient(RequestPipeline.handler(options.context(over: driver))), driver: driver,
        rootDirectory: rootDirectory)
    }
  }

  /// Runs a body against a registry with its own empty storage (over nginx with default options: shared with
  /// other tests, so name repositories apart: `Deployment.uniqueName()`).
  package func withSite<Result>(
    _ options: DeploymentOptions = DeploymentOptions(), _ body: (Site) async throws -> Result
  ) async throws -> Result {
    switch self {
    case .inMemory, .cached, .objects:
      let driver: any StorageDriver = self == .objects ? ObjectStoreDriver() : InMemoryDriver()
      var options = options
      if self == .cached { options.cache = .inMemory }
      return try await body(Site(over: driver, options))
    case .filesystem:
      let folder = try TemporaryFolder()
      let driver = try FilesystemDriver(rootDirectory: folder.path, maxThreads: 100, accelPrefix: nil)
      defer { withExtendedLifetime(folder) {} }
      return try await body(Site(over: driver, options, rootDirectory: folder.path))
    case .radosgw:
      var options = options
      // Clients in this process go nowhere else.
      options.redirectDisabled = true
      options.hasWebServer = false
      let driver = try S3Driver(RadosGateway.shared.get().store.configuration())
      return try await body(Site(over: driver, options))
    case .nginxRadosgw:
      let server =
        try options == DeploymentOptions() ? RegistryServer.sharedOverS3.get() : RegistryServer.overS3(options)
      let driver = try S3Driver(server.bucket ?? Configuration.S3())
      defer { withExtendedLifetime(server) {} }
      return try await body(Site(client: WireClient(port: server.port), driver: driver, rootDirectory: nil))
    case .nginx:
      let server = try options == DeploymentOptions() ? RegistryServer.shared.get() : RegistryServer(options: options)
      let driver = try FilesystemDriver(rootDirectory: server.rootDirectory, maxThreads: 100, accelPrefix: nil)
      defer { withExtendedLifetime(server) {} }
      return try await body(
        Site(client: WireClient(port: server.port), driver: driver, rootDirectory: server.rootDirectory))
    }
  }

  /// A repository name that no other test has.
  package static func uniqueName(_ base: String = "test/repo") -> String {
    "\(base)-\(UUID().uuidString.prefix(8).lowercased())"
  }
}

/// What a test wants of the configuration beyond the defaults.
package struct DeploymentOptions: Sendable, Equatable {
  /// `storage.delete.enabled`
  package var deleteEnabled = true
  /// `storage.delete.repositories`
  package var deleteRepositories = false
  /// `storage.maintenance.readonly.enabled`
  package var readOnly = false
  /// `storage.redirect.disable`
  package var redirectDisabled = false
  /// Whether something before a registry in this process sends blobs for it (`fastcgi.accelprefix`).
  package var hasWebServer = true
  /// `storage.s3`; nil: `storage.filesystem`.
  package var bucket: Configuration.S3?
  /// `http.prefix`
  package var prefix = "/"
  /// `http.relativeurls`; nil: not said.
  package var relativeURLs: Bool?
  /// `catalog.maxentries`
  package var catalogMaxEntries = 1000
  /// `tags.maxtags`
  package var maxTags = 1000
  /// `validation.manifests.sizes`
  package var sizes = Configuration.Validation.Sizes.strict
  /// `policy.repository.mounts`
  package var mounts = Configuration.Policy.Mounts.any
  /// `http.headers`
  package var headers = HTTPFields()
  /// `fastcgi.workers`
  package var workers = 2
  /// `fastcgi.threads`
  package var threads = 8
  /// `storage.cache`
  package var cache = Cache.none
  /// Further lines of the configuration file (whole sections), for the deployments over nginx.
  package var extraYAML = ""
  /// Further variables of the processes, for the deployments over nginx.
  package var environment: [String: String] = [:]
  /// Signs upload states in every deployment.
  package static let secret = "a secret of the tests"

  /// Where descriptors are remembered.
  package enum Cache: Sendable, Equatable {
    case none
    case inMemory
    /// Servers, or the sentinels of a master of this name.
    case redis([String], masterName: String? = nil)
  }

  package init() {}

  /// For a registry in this process.
  package var configuration: Configuration {
    var configuration = Configuration()
    configuration.storage.deleteEnabled = deleteEnabled
    configuration.storage.deleteRepositories = deleteRepositories
    configuration.storage.readOnly = readOnly
    configuration.storage.redirectDisabled = redirectDisabled
    if !hasWebServer { configuration.fastcgi.accelPrefix = "" }
    configuration.http.prefix = prefix
    if let relativeURLs { configuration.http.relativeURLs = relativeURLs }
    configuration.http.secret = Secret(Self.secret)
    configuration.catalog.maxEntries = catalogMaxEntries
    configuration.tags.maxTags = maxTags
    configuration.validation.sizes = sizes
    configuration.policy.mounts = mounts
    configuration.http.headers = headers
    return configuration
  }

  /// What handlers in this process work with.
  package func context(over driver: any StorageDriver) -> APIContext {
    APIContext(
      registry: Registry(driver: driver, caching: caching), configuration: configuration,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  /// For a registry in this process, which knows no Redis.
  private var caching: RegistryCaching? {
    guard cache != .none else { return nil }
    let descriptors = InProcessDescriptorCache(
      capacity: 10_000, domain: "host-\(UInt64.random(in: .min ... .max))", generation: .ofThisProcess())
    return RegistryCaching(descriptors, grace: configuration.storage.garbageCollection.grace)
  }

  /// For a registry of its own processes.
  func yaml(rootDirectory: String, port: UInt16, socket: String) -> String {
    """
    version: 0.1
    log:
      level: info
    storage:
    \(driverLines(rootDirectory))
      redirect:
        disable: \(redirectDisabled)
      delete:
        enabled: \(deleteEnabled)
        repositories: \(deleteRepositories)
      maintenance:
        readonly:
          enabled: \(readOnly)\(cacheLine)
    http:
      addr: 127.0.0.1:\(port)
      prefix: \(prefix)
      \(relativeURLs.map { "relativeurls: \($0)" } ?? "")
      secret: \(Self.secret)
      headers: {\(headers.map { "\($0.name.rawName): ['\($0.value)']" }.joined(separator: ", "))}
    policy:
      repository:
        mounts: \(mounts)
    catalog:
      maxentries: \(catalogMaxEntries)
    tags:
      maxtags: \(maxTags)
    validation:
      manifests:
        sizes: \(sizes)
    fastcgi:
      address: \(socket)
      workers: \(workers)
      threads: \(threads)
    \(redisLine)\(extraYAML)
    """
  }

  private func driverLines(_ rootDirectory: String) -> String {
    guard let bucket else { return "  filesystem:\n    rootdirectory: \(rootDirectory)" }
    return """
        s3:
          regionendpoint: \(bucket.regionEndpoint)
          region: \(bucket.region)
          bucket: \(bucket.bucket)
          rootdirectory: \(bucket.rootDirectory)
          accesskey: "\(bucket.accessKey.value)"
          secretkey: "\(bucket.secretKey.value)"
          chunksize: \(bucket.chunkSize)
          secure: \(bucket.secure)
      """
  }

  private var cacheLine: String {
    switch cache {
    case .none: ""
    case .inMemory: "\n  cache: {blobdescriptor: inmemory}"
    case .redis: "\n  cache: {blobdescriptor: redis}"
    }
  }

  private var redisLine: String {
    guard case .redis(let addresses, let masterName) = cache else { return "" }
    return "redis: {addrs: [\(addresses.joined(separator: ", "))], mastername: '\(masterName ?? "")'}\n"
  }
}
