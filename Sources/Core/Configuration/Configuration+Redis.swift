extension Configuration {
  /// `redis`: keys of docker/distribution 3, and of 2 where they differ.
  public struct Redis: Sendable, Equatable {
    /// `addrs` (2: `addr`): one server, or the seeds of a cluster or of sentinels.
    public var addresses: [String] = []
    /// `mastername`: the addresses are of sentinels.
    public var masterName = ""
    /// `username`
    public var userName = ""
    /// `password`
    public var password: Secret = ""
    /// `sentinelusername`
    public var sentinelUserName = ""
    /// `sentinelpassword`
    public var sentinelPassword: Secret = ""
    /// `clientname`
    public var clientName = ""
    /// `db`
    public var database = 0
    /// `dialtimeout`: how long connecting may take; nil, zero or less: 1 s.
    public var dialTimeout: Duration?
    /// `readtimeout`: how long an answer, or a free connection, may take; nil, zero or less: 1 s.
    public var readTimeout: Duration?
    /// `writetimeout`: how long a server may take nothing of what is sent; nil, zero or less: 1 s.
    public var writeTimeout: Duration?
    /// `poolsize` (2: `pool.maxactive`): connections of a process to one server at the most; 0: 10 for each core.
    public var poolSize = 0
    /// `maxidleconns` (2: `pool.maxidle`): of these, unused ones that are kept; 0: all.
    public var maxIdleConnections = 0
    /// `connmaxidletime` (2: `pool.idletimeout`): how long an unused one is kept; nil, zero or less: for ever.
    public var maxIdleTime: Duration?
    /// `maxretries`
    public var maxRetries = 0
    /// `tls`; nil: none.
    public var tls: RedisTLS?

    /// The defaults.
    public init() {}
  }

  /// `redis.tls`
  public struct RedisTLS: Sendable, Equatable {
    /// `enabled` (2)
    public var enabled = true
    /// `certificate`
    public var certificate = ""
    /// `key`
    public var key = ""
    /// `rootcas`
    public var rootCAs: [String] = []

    /// The defaults.
    public init() {}
  }
}

extension Configuration.Redis: ConfigurationSection {
  /// Tuning of distribution's client library, which Berth's has no counterpart for.
  private static let foreign = [
    "protocol", "minretrybackoff", "maxretrybackoff", "contexttimeoutenabled", "poolfifo", "pooltimeout",
    "minidleconns", "maxactiveconns", "connmaxlifetime", "maxredirects", "readonly", "routebylatency",
    "routerandomly", "disableidentity", "identitysuffix", "unstableresp3",
  ]

  mutating func visit(_ keys: some ConfigurationVisitor) {
    var address: String?
    var pool = Pool()
    keys.alias {
      keys.value("addr", &address)
      keys.section("pool", &pool)
    }
    if let address { addresses = [address] }
    if keys.isReading {
      poolSize = pool.maxActive
      maxIdleConnections = pool.maxIdle
      maxIdleTime = pool.idleTimeout
    }
    keys.value("addrs", &addresses)
    keys.value("mastername", &masterName)
    keys.value("username", &userName)
    keys.value("password", &password)
    keys.value("sentinelusername", &sentinelUserName)
    keys.value("sentinelpassword", &sentinelPassword)
    keys.value("clientname", &clientName)
    keys.integer("db", &database, in: 0...Int.max)
    keys.value("dialtimeout", &dialTimeout)
    keys.value("readtimeout", &readTimeout)
    keys.value("writetimeout", &writeTimeout)
    keys.integer("poolsize", &poolSize, in: 0...Int.max)
    keys.integer("maxidleconns", &maxIdleConnections, in: 0...Int.max)
    keys.value("connmaxidletime", &maxIdleTime)
    keys.value("maxretries", &maxRetries)
    keys.section("tls", &tls)
    for key in Self.foreign { keys.skip(key) }
    if addresses.isEmpty { keys.report(.error, "addrs", "it is required", remedy: "give host:port of the server") }
  }

  /// `redis.pool`
  private struct Pool: ConfigurationSection {
    var maxIdle = 0
    var maxActive = 0
    var idleTimeout: Duration?

    mutating func visit(_ keys: some ConfigurationVisitor) {
      keys.integer("maxidle", &maxIdle, in: 0...Int.max)
      keys.integer("maxactive", &maxActive, in: 0...Int.max)
      keys.value("idletimeout", &idleTimeout)
    }
  }
}

extension Configuration.RedisTLS: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("enabled", &enabled)
    keys.value("certificate", &certificate)
    keys.value("key", &key)
    keys.value("rootcas", &rootCAs)
  }
}
