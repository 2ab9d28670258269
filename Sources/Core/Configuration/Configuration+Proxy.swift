extension Configuration {
  /// `proxy`: a registry that fetches what it lacks from another one.
  public struct Proxy: Sendable, Equatable {
    /// `remoteurl`
    public var remoteURL = ""
    /// `username`
    public var userName = ""
    /// `password`
    public var password: Secret = ""
    /// `exec`: a command that prints credentials, instead of the two above.
    public var exec: Exec?
    /// `ttl`: how long content is kept; 0: for ever.
    public var ttl = Duration.seconds(168 * 3600)
    /// `cachewritetimeout`
    public var cacheWriteTimeout = Duration.seconds(5 * 60)

    /// The defaults.
    public init() {}

    /// `proxy.exec`
    public struct Exec: Sendable, Equatable {
      /// `command`
      public var command = ""
      /// `lifetime` of the credentials; nil: for ever.
      public var lifetime: Duration?

      /// The defaults.
      public init() {}
    }
  }
}

extension Configuration.Proxy: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("remoteurl", &remoteURL)
    keys.value("username", &userName)
    keys.value("password", &password)
    keys.section("exec", &exec)
    keys.value("ttl", &ttl)
    keys.value("cachewritetimeout", &cacheWriteTimeout)
  }
}

extension Configuration.Proxy.Exec: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("command", &command)
    keys.value("lifetime", &lifetime)
  }
}
