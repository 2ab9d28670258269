import Core
import Glibc

/// The configuration with defaults filled in, checked as far as possible without a server.
struct RedisSettings: Sendable {
  var addresses: [RedisAddress]
  /// Not empty: the addresses are of sentinels.
  var masterName: String
  var login: Login
  var sentinelLogin: Login
  var clientName: String
  var database: Int
  var dialTimeout: Duration
  var readTimeout: Duration
  var writeTimeout: Duration
  /// Connections to one server at the most.
  var poolSize: Int
  /// Of these unused at the most; nil: all.
  var maxIdleConnections: Int?
  /// How long one may be unused; nil: for ever.
  var maxIdleTime: Duration?
  /// nil: none.
  var tls: RedisTLS?

  /// For AUTH; none where both are empty.
  struct Login: Sendable {
    var userName: String
    var password: Secret
  }

  /// Timeout where the configuration has none: longer than a healthy server takes, and short enough for clients of the
  /// registry.
  static let defaultTimeout = Duration.seconds(1)

  /// Throws `.misconfigured` and names the key.
  init(_ configuration: Configuration.Redis) throws(RedisError) {
    masterName = configuration.masterName
    addresses = []
    for text in configuration.addresses {
      guard let address = RedisAddress(text, defaultPort: masterName.isEmpty ? 6379 : 26379) else {
        throw RedisError(
          .misconfigured, "redis.addrs: '\(text)' is no address",
          cause: "give host:port, [IPv6]:port, or the absolute path of a Unix socket")
      }
      addresses.append(address)
    }
    guard !addresses.isEmpty else { throw RedisError(.misconfigured, "redis.addrs: there is no address") }
    login = Login(userName: configuration.userName, password: configuration.password)
    sentinelLogin = Login(userName: configuration.sentinelUserName, password: configuration.sentinelPassword)
    clientName = configuration.clientName
    guard clientName.utf8.allSatisfy({ (33...126).contains($0) }) else {
      throw RedisError(.misconfigured, "redis.clientname: it may have no spaces and no special characters")
    }
    database = configuration.database
    dialTimeout = RedisSettings.positive(configuration.dialTimeout) ?? RedisSettings.defaultTimeout
    readTimeout = RedisSettings.positive(configuration.readTimeout) ?? RedisSettings.defaultTimeout
    writeTimeout = RedisSettings.positive(configuration.writeTimeout) ?? RedisSettings.defaultTimeout
    poolSize = configuration.poolSize > 0 ? configuration.poolSize : 10 * max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    maxIdleConnections = configuration.maxIdleConnections > 0 ? configuration.maxIdleConnections : nil
    maxIdleTime = RedisSettings.positive(configuration.maxIdleTime)
    if let tls = configuration.tls, tls.enabled { self.tls = try RedisTLS(tls) }
  }

  private static func positive(_ duration: Duration?) -> Duration? {
    duration.flatMap { $0 > .zero ? $0 : nil }
  }
}
