extension Configuration {
  /// `http.tls`: nginx does TLS, so these keys go to `berth nginx`.
  public struct TLS: Sendable, Equatable {
    /// `certificate`: path of a PEM file; empty: no TLS.
    public var certificate = ""
    /// `key`: path of the certificate's key.
    public var key = ""
    /// `clientcas`: PEM files with the authorities of client certificates; empty: clients need none.
    public var clientCAs: [String] = []
    /// `clientauth`: what is asked of clients where `clientcas` is given.
    public var clientAuth = ClientAuth.requireAndVerify
    /// `minimumtls`
    public var minimum = Version.tls12
    /// `ciphersuites`, by their IANA names; empty: those of the web server.
    public var cipherSuites: [String] = []
    /// `letsencrypt`: where `certificate` is absent.
    public var letsEncrypt = LetsEncrypt()

    /// The defaults: no TLS.
    public init() {}

    /// Whether clients are to be served over TLS.
    public var isEnabled: Bool { !certificate.isEmpty || !letsEncrypt.hosts.isEmpty }

    /// What is asked of a client's certificate.
    public enum ClientAuth: String, Sendable, CaseIterable {
      /// Asked for, not looked at.
      case request = "request-client-cert"
      /// Any certificate.
      case requireAny = "require-any-client-cert"
      /// Verified where there is one.
      case verifyIfGiven = "verify-client-cert-if-given"
      /// One that can be verified.
      case requireAndVerify = "require-and-verify-client-cert"
    }

    /// Versions of TLS, in ascending order.
    public enum Version: String, Sendable, CaseIterable {
      case tls10 = "tls1.0"
      case tls11 = "tls1.1"
      case tls12 = "tls1.2"
      case tls13 = "tls1.3"
    }
  }

  /// `http.tls.letsencrypt`: nginx obtains no certificates; these keys tell where certbot puts them.
  public struct LetsEncrypt: Sendable, Equatable {
    /// `cachefile`
    public var cacheFile = ""
    /// `email`
    public var email = ""
    /// `hosts`
    public var hosts: [String] = []
    /// `directoryurl`
    public var directoryURL = ""

    /// The defaults.
    public init() {}
  }
}

extension Configuration.TLS.ClientAuth: ConfigurationKeyword {}
extension Configuration.TLS.Version: ConfigurationKeyword {}

extension Configuration.TLS: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("certificate", &certificate)
    keys.value("key", &key)
    keys.value("clientcas", &clientCAs)
    keys.value("clientauth", &clientAuth)
    keys.value("minimumtls", &minimum)
    keys.value("ciphersuites", &cipherSuites)
    if keys.isReading || certificate.isEmpty { keys.section("letsencrypt", &letsEncrypt) }
    if certificate.isEmpty != key.isEmpty {
      keys.report(
        .error, certificate.isEmpty ? "certificate" : "key", "a certificate and its key go together",
        remedy: "give both, or neither")
    }
    for (name, paths) in [("certificate", [certificate]), ("key", [key]), ("clientcas", clientCAs)] {
      for path in paths where !path.isEmpty && !path.hasPrefix("/") {
        keys.report(.error, name, "\(path) is no absolute path", remedy: "begin it with a slash")
      }
    }
    if minimum < .tls12 {
      keys.report(.warning, "minimumtls", "\(minimum.rawValue) is broken", remedy: "use tls1.2 or tls1.3")
    }
    if certificate.isEmpty, !letsEncrypt.hosts.isEmpty {
      keys.report(
        .warning, "letsencrypt", "nginx obtains no certificates",
        remedy:
          "run `certbot certonly --nginx -d \(letsEncrypt.hosts[0])`; `berth nginx` expects them where it puts them")
    }
    let unknown = cipherSuites.filter { CipherSuite(name: $0) == nil }
    if !unknown.isEmpty {
      keys.report(
        .error, "ciphersuites", "unknown: \(unknown.joined(separator: ", "))",
        remedy: "use names such as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")
    }
  }
}

extension Configuration.TLS.Version: Comparable {
  /// By age.
  public static func < (first: Self, second: Self) -> Bool { first.rawValue < second.rawValue }
}

extension Configuration.LetsEncrypt: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("hosts", &hosts)
    keys.withoutEffect {
      keys.value("cachefile", &cacheFile)
      keys.value("email", &email)
      keys.value("directoryurl", &directoryURL)
    }
    for host in hosts where host.isEmpty || Configuration.Address(host + ":443") == nil || host.contains(":") {
      keys.report(.error, "hosts", "\(host) is no host name", remedy: "give names such as registry.example.com")
    }
  }
}
