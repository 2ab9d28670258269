extension Configuration {
  /// `redis.tls`
  public struct RedisTLS: Sendable, Equatable {
    /// `enabled` (docker/distribution 2; in 3 it is whatever has a certificate or an authority): where the key is
    /// absent, whether any other one is given.
    public var enabled = true
    /// `certificate`: shown to the server; the path of a PEM file.
    public var certificate = ""
    /// `key`: of the certificate.
    public var key = ""
    /// `rootcas`: PEM files with the authorities that may vouch for the server; empty: the system's.
    public var rootCAs: [String] = []
    /// `clientcas`, as docker/distribution 3.0 has it: authorities that may vouch for the server beside the others.
    public var clientCAs: [String] = []

    /// The defaults.
    public init() {}
  }
}

extension Configuration.RedisTLS: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("certificate", &certificate)
    keys.value("key", &key)
    keys.value("rootcas", &rootCAs)
    if keys.isReading || !clientCAs.isEmpty { keys.value("clientcas", &clientCAs) }
    if keys.isReading { enabled = !(certificate.isEmpty && key.isEmpty && rootCAs.isEmpty && clientCAs.isEmpty) }
    keys.value("enabled", &enabled)
    // A key that is misspelt must not be what sends passwords over the network as they are.
    if !enabled, keys.isReading, !keys.given.contains("enabled") {
      keys.report(
        .error, "", "nothing in it turns TLS on", remedy: "give rootcas, `enabled: true`, or `enabled: false`")
    }
    if certificate.isEmpty != key.isEmpty {
      keys.report(
        .error, certificate.isEmpty ? "certificate" : "key", "a certificate and its key go together",
        remedy: "give both, or neither")
    }
    if !clientCAs.isEmpty {
      keys.report(
        .warning, "clientcas",
        "docker/distribution 3.0 reads these authorities without trusting them; Berth trusts them and the system's",
        remedy: "call it rootcas, as docker/distribution 3.1 does, to trust these alone")
    }
  }
}
