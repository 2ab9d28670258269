public import HTTPTypes

extension Configuration {
  /// `http`: the registry as its clients see it.
  public struct HTTP: Sendable, Equatable {
    /// `http.addr`, read as `http.net` (`tcp` or `unix`) says: where the web server listens, for `berth nginx`.
    /// A Unix socket is where the workers listen instead: see `fastcgi.address`.
    public var address = Address.tcp(host: "", port: 5000)
    /// `http.host`: scheme and host of the URLs that the registry gives out; nil: as the client called it.
    /// Has no slash at its end.
    public var host: String?
    /// `http.prefix`: the path that everything lies under; begins and ends with `/`.
    public var prefix = "/"
    /// `http.secret`: signs upload states. Empty: the supervisor makes a random one for its workers. Where
    /// several hosts serve one registry, they need the same.
    public var secret: Secret = ""
    /// `http.relativeurls`: whether Location is relative: right behind every web server, and more than some clients
    /// understand.
    public var relativeURLs = false
    /// `http.trustedproxies`: addresses of proxies before the web server, whose `Forwarded` and `X-Forwarded-*` say how
    /// clients called the registry. Those of everyone else are ignored. Berth's own.
    public var trustedProxies: [TrustedProxy] = []
    /// `http.draintimeout`: how long requests in flight may take once the service stops.
    public var drainTimeout = Duration.seconds(30)
    /// `http.manifestmaxage`: how long a manifest that was asked for by digest may be kept by caches. Berth's own.
    public var manifestMaxAge = Duration.seconds(168 * 3600)
    /// `http.headers`: added to every answer, in the order of the file.
    public var headers = HTTPFields()
    /// `http.tls`: for `berth nginx`.
    public var tls = TLS()
    /// `http.http2.disabled`: for `berth nginx`.
    public var http2 = HTTP2()
    /// `http.h2c`
    public var h2c = H2C()
    /// `http.debug`
    public var debug: Debug?

    /// The defaults.
    public init() {}
  }

  /// An element of `http.trustedproxies`: an address, or a network such as `10.0.0.0/8`.
  public struct TrustedProxy: Sendable, Equatable {
    /// As it is written.
    public let text: String
    /// The addresses.
    public let network: AddressRanges.Network

    /// nil where it is neither.
    public init?(_ text: String) {
      let address = IPAddress(text).map { AddressRanges.Network($0) }
      guard let network = address ?? AddressRanges.Network(text) else { return nil }
      self.text = text
      self.network = network
    }
  }

  /// `http.http2`
  public struct HTTP2: Sendable, Equatable {
    /// `disabled`: offer HTTP/1.1 alone, with TLS too.
    public var disabled = false
    /// The defaults.
    public init() {}
  }

  /// `http.h2c`
  public struct H2C: Sendable, Equatable {
    /// `enabled`: HTTP/2 without TLS.
    public var enabled = false
    /// The defaults.
    public init() {}
  }

  /// `http.debug`
  public struct Debug: Sendable, Equatable {
    /// `addr`
    public var address: Address?
    /// `prometheus`
    public var prometheus = Prometheus()
    /// The defaults.
    public init() {}
  }

  /// `http.debug.prometheus`
  public struct Prometheus: Sendable, Equatable {
    /// `enabled`
    public var enabled = false
    /// `path`
    public var path = "/metrics"
    /// The defaults.
    public init() {}
  }
}

extension Configuration.HTTP: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    var network: Network
    if case .unix = address { network = .unix } else { network = .tcp }
    keys.value("net", &network)
    keys.value("addr", &address)
    if case .unix = address, network == .tcp {
      keys.report(.error, "addr", "\(address.text) is no host:port", remedy: "add `net: unix`")
    }
    if case .tcp(_, 0) = address {
      keys.report(.error, "addr", "no client could find port 0", remedy: "give a port from 1 to 65535")
    }
    if case .tcp = address, network == .unix {
      keys.report(.error, "addr", "\(address.text) is no path of a socket", remedy: "give a path, or leave out `net`")
    }
    keys.value("host", &host)
    visitHost(keys)
    keys.value("prefix", &prefix)
    visitPrefix(keys)
    keys.value("secret", &secret)
    keys.value("relativeurls", &relativeURLs)
    if keys.isReading || !trustedProxies.isEmpty { keys.value("trustedproxies", &trustedProxies) }
    keys.value("draintimeout", &drainTimeout)
    keys.value("manifestmaxage", &manifestMaxAge)
    var list = HeaderList(fields: headers)
    keys.value("headers", &list)
    headers = list.fields
    if keys.isReading || tls.isEnabled { keys.section("tls", &tls) }
    keys.section("http2", &http2)
    keys.withoutEffect {
      keys.section("h2c", &h2c)
      keys.section("debug", &debug)
    }
    if h2c.enabled {
      keys.report(
        .warning, "h2c", "nginx can't offer HTTP/1.1 and HTTP/2 without TLS on one port, so it offers the first",
        remedy: "use TLS, or remove it")
    }
    if debug != nil {
      keys.report(.warning, "debug", "there is no debug server, so it has no effect", remedy: "remove it")
    }
  }

  private mutating func visitHost(_ keys: some ConfigurationVisitor) {
    if host?.isEmpty == true { host = nil }
    while host?.hasSuffix("/") == true { host?.removeLast() }
    guard let host, !Self.isOrigin(host) else { return }
    keys.report(
      .error, "host", "\(host) is no URL of a scheme and a host",
      remedy: "write it as https://registry.example.com, with :port if need be; a path belongs in `prefix`")
  }

  private mutating func visitPrefix(_ keys: some ConfigurationVisitor) {
    if !prefix.hasPrefix("/") { prefix = "/" + prefix }
    if !prefix.hasSuffix("/") { prefix += "/" }
    guard !isPlainPath(prefix) else { return }
    keys.report(
      .error, "prefix", "\(prefix) is no path that everything could lie under",
      remedy: "write it as /my/registry/, of letters, digits, -, _, . and ~")
  }

  /// `http://host` or `https://host`, with a port where need be.
  private static func isOrigin(_ text: String) -> Bool {
    guard let scheme = ["http://", "https://"].first(where: { text.lowercased().hasPrefix($0) }) else { return false }
    let authority = String(text.dropFirst(scheme.count))
    let hasPort = authority.last != "]" && authority.contains(":")
    guard case .tcp(let host, let port)? = Configuration.Address(hasPort ? authority : authority + ":1") else {
      return false
    }
    return !host.isEmpty && port > 0
  }
}

extension Configuration.TrustedProxy: ConfigurationValue {
  static var expectation: String { "an address such as 192.0.2.7, or a network such as 10.0.0.0/8" }

  init?(_ node: YAMLNode) {
    guard let text = node.scalar?.text else { return nil }
    self.init(text)
  }

  var content: YAMLNode.Content? { .scalar(YAMLScalar(text: text, isString: true)) }
}

extension Configuration.HTTP2: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("disabled", &disabled)
  }
}

extension Configuration.H2C: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("enabled", &enabled)
  }
}

extension Configuration.Debug: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("addr", &address)
    keys.section("prometheus", &prometheus)
  }
}

extension Configuration.Prometheus: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("enabled", &enabled)
    keys.value("path", &path)
  }
}

private enum Network: String, ConfigurationKeyword {
  case tcp, unix
}
