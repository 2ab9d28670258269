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
    /// `tls`; nil: none.
    public var tls: RedisTLS?

    /// The defaults.
    public init() {}
  }
}

extension Configuration.Redis: ConfigurationSection {
  /// Keys of docker/distribution's client library (go-redis) that Berth's has no counterpart for, and why.
  private static let foreign: [(keys: [String], why: String)] = [
    (
      ["maxretries", "minretrybackoff", "maxretrybackoff", "maxredirects"],
      "what Redis does not answer at once is answered from the storage, and a cluster's redirects are always followed"
    ),
    (["pooltimeout"], "a request waits for a free connection as long as redis.readtimeout says"),
    (["contexttimeoutenabled"], "redis.readtimeout and redis.writetimeout always hold"),
    (["maxactiveconns"], "redis.poolsize is the most connections that a process has to one server"),
    (
      ["poolfifo", "minidleconns", "connmaxlifetime"],
      "connections are opened as they are needed and kept while they work"
    ),
    (
      ["readonly", "routebylatency", "routerandomly"],
      "only masters are asked, since a replica may not know yet what was deleted"
    ),
    (["protocol", "unstableresp3"], "version 2 of the protocol is spoken, which every server knows"),
    (
      ["disableidentity", "disableindentity", "identitysuffix"],
      "no library is named to the server; redis.clientname names the connections"
    ),
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
    keys.section("tls", &tls)
    for (foreign, why) in Self.foreign {
      for key in foreign { keys.obsolete(key, why) }
    }
    if keys.given.contains("options") {
      keys.skip("options")
      keys.report(
        .warning, "options",
        "docker/distribution takes `options` from the environment alone (REGISTRY_REDIS_OPTIONS_…)",
        remedy: "write the keys that are below it one level up, in redis itself")
    }
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
