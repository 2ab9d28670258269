extension Configuration {
  /// `auth`: who may do what. One kind, or none.
  public enum Auth: Sendable, Equatable {
    /// Every client may do everything: no `auth`, or `auth: none`.
    case none
    /// `auth.silly`: for tests; any Authorization header will do.
    case silly(SillyAuth)
    /// `auth.htpasswd`
    case htpasswd(HtpasswdAuth)
    /// `auth.token`
    case token(TokenAuth)

    /// The default: none.
    public init() { self = .none }
  }

  /// `auth.silly`
  public struct SillyAuth: Sendable, Equatable {
    /// `realm`
    public var realm = ""
    /// `service`
    public var service = ""

    /// The defaults.
    public init() {}
  }

  /// `auth.htpasswd`
  public struct HtpasswdAuth: Sendable, Equatable {
    /// `realm`
    public var realm = ""
    /// `path`: of a file with bcrypt passwords.
    public var path = ""

    /// The defaults.
    public init() {}
  }

  /// `auth.token`
  public struct TokenAuth: Sendable, Equatable {
    /// `realm`: URL of the token server.
    public var realm = ""
    /// `service`
    public var service = ""
    /// `issuer`
    public var issuer = ""
    /// `rootcertbundle`: path of a PEM file.
    public var rootCertBundle = ""
    /// `jwks`: path of a key set.
    public var jwks = ""
    /// `signingalgorithms`; empty: the usual ones.
    public var signingAlgorithms: [String] = []
    /// `autoredirect`: the realm is this registry's host.
    public var autoRedirect = false
    /// `autoredirectpath`
    public var autoRedirectPath = "/auth/token"

    /// The defaults.
    public init() {}
  }
}

extension Configuration.Auth: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    if keys.isReading { choose(keys) }
    switch self {
    case .none: break
    case .silly(var parameters):
      keys.section("silly", &parameters)
      self = .silly(parameters)
    case .htpasswd(var parameters):
      keys.section("htpasswd", &parameters)
      self = .htpasswd(parameters)
    case .token(var parameters):
      keys.section("token", &parameters)
      self = .token(parameters)
    }
  }

  private mutating func choose(_ keys: some ConfigurationVisitor) {
    for other in keys.given.dropFirst() {
      keys.report(.error, other, "there is a kind of auth already: \(keys.given[0])", remedy: "keep one of them")
      keys.skip(other)
    }
    guard let name = keys.given.first else { return }
    switch name.lowercased() {
    case "none": keys.skip(name)
    case "silly": self = .silly(.init())
    case "htpasswd": self = .htpasswd(.init())
    case "token": self = .token(.init())
    default:
      keys.report(.error, name, "there is no such kind of auth", remedy: "known are silly, htpasswd, token, none")
      keys.skip(name)
    }
  }
}

extension Configuration.SillyAuth: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("realm", &realm)
    keys.value("service", &service)
  }
}

extension Configuration.HtpasswdAuth: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("realm", &realm)
    keys.value("path", &path)
  }
}

extension Configuration.TokenAuth: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("realm", &realm)
    keys.value("service", &service)
    keys.value("issuer", &issuer)
    keys.value("rootcertbundle", &rootCertBundle)
    keys.value("jwks", &jwks)
    keys.value("signingalgorithms", &signingAlgorithms)
    keys.value("autoredirect", &autoRedirect)
    keys.value("autoredirectpath", &autoRedirectPath)
  }
}
