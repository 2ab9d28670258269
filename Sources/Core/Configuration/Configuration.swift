/// A registry's whole configuration, typed: what the file and the environment say, with defaults filled in.
///
/// Keys and defaults are docker/distribution's; `fastcgi` is Berth's own. Each section documents its keys.
public struct Configuration: Sendable, Equatable {
  /// `log`
  public var log = Log()
  /// `storage`
  public var storage = Storage()
  /// `http`
  public var http = HTTP()
  /// `fastcgi`
  public var fastcgi = FastCGI()
  /// `catalog`
  public var catalog = Catalog()
  /// `tags`
  public var tags = Tags()
  /// `validation`
  public var validation = Validation()
  /// `auth`
  public var auth = Auth()
  /// `middleware`
  public var middleware: Middleware?
  /// `notifications`
  public var notifications: Notifications?
  /// `redis`
  public var redis: Redis?
  /// `health`
  public var health: Health?
  /// `proxy`
  public var proxy: Proxy?
  /// `policy`
  public var policy = Policy()

  /// The defaults: filesystem storage, the FastCGI socket in /run/berth.
  public init() {}
}

extension Configuration: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    var version = Version()
    keys.value("version", &version)
    if keys.isReading, !keys.given.contains("version") {
      keys.report(.error, "version", "it is required", remedy: "begin the file with `version: 0.1`")
    }
    keys.alias { keys.value("loglevel", &log.level) }
    keys.section("log", &log)
    if keys.isReading, !keys.given.contains("storage") {
      keys.report(.error, "storage", "it is required", remedy: "name a driver: `storage: filesystem`")
    }
    keys.section("storage", &storage)
    keys.section("http", &http)
    keys.section("fastcgi", &fastcgi)
    keys.section("catalog", &catalog)
    keys.section("tags", &tags)
    keys.section("validation", &validation)
    if keys.isReading || auth != .none { keys.section("auth", &auth) }
    if keys.isReading || storage.cache?.blobDescriptor == .redis { keys.section("redis", &redis) }
    keys.section("middleware", &middleware)
    keys.section("health", &health)
    keys.section("policy", &policy)
    keys.withoutEffect {
      keys.section("notifications", &notifications)
      keys.section("proxy", &proxy)
      keys.obsolete("compatibility", "images of schema 1 can't be pushed")
      keys.obsolete("reporting", "Berth sends no reports to Bugsnag or New Relic")
    }
    if keys.isReading {
      reconcile(keys)
      reportUnsupported(keys)
    }
  }

  /// What spans two sections.
  private mutating func reconcile(_ keys: some ConfigurationVisitor) {
    // A registry that listened on a Unix socket behind a web server: now its workers do.
    if case .unix = http.address, !keys.isGiven("fastcgi", "address") { fastcgi.address = http.address }
    // Several registries under one name have locations of their own.
    if !keys.isGiven("fastcgi", "accelprefix") { fastcgi.accelPrefix = http.prefix + "_berth_storage" }
    if storage.driver == .inMemory, let workers = fastcgi.workers, workers > 1 {
      keys.report(
        .error, "fastcgi", "\(workers) workers with in-memory storage would be \(workers) registries",
        remedy: "leave `workers` out, or make it 1")
    }
    reportMixedLocations(keys)
    middleware?.reportIneffective(keys, over: storage)
    if fastcgi.blobCache != nil, !webServerFetches {
      keys.report(
        .warning, "fastcgi", "the blobcache has no effect: nginx fetches nothing from an object store",
        remedy: "remove it, or use an object store and set storage.redirect.disable to true")
    }
    if storage.cache?.blobDescriptor == .redis, redis == nil {
      keys.report(.error, "storage", "the cache is redis, and no redis is configured", remedy: "add a `redis` section")
    }
  }

  /// nginx takes no location twice, and clients must not find theirs within the one that is closed to them.
  private func reportMixedLocations(_ keys: some ConfigurationVisitor) {
    let (closed, open) = (fastcgi.accelPrefix + "/", http.prefix + "v2/")
    guard !fastcgi.accelPrefix.isEmpty, closed.hasPrefix(open) || open.hasPrefix(closed) else { return }
    keys.report(
      .error, "fastcgi.accelprefix",
      "\(closed) is for nginx alone, and \(open) for clients: neither may lie within the other",
      remedy: "leave fastcgi.accelprefix out, or name another path such as /_storage")
  }
}

extension Configuration {
  /// Whether the web server fetches blobs from an object store, where clients are not to be sent there.
  public var webServerFetches: Bool {
    guard case .s3 = storage.driver else { return false }
    return storage.redirectDisabled && !fastcgi.accelPrefix.isEmpty
  }
}

/// The form of the file: there is one.
private struct Version: ConfigurationValue {
  static let expectation = "0.1, the only version that there is"

  init() {}

  init?(_ node: YAMLNode) {
    guard node.scalar?.text == "0.1" else { return nil }
  }

  var content: YAMLNode.Content? { .scalar(YAMLScalar(text: "0.1", isString: false)) }
}
