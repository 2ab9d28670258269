extension Configuration.Middleware {
  /// `redirect`: clients get files from a web server that has them, too.
  public struct Redirect: Sendable, Equatable {
    /// `baseurl`: what the storage's root directory is there; required, without query.
    public var baseURL: BaseURL?
    /// `secret`: shared only by that server and the registry; empty: URLs never expire. Berth's own.
    public var secret: Secret = ""
    /// `duration`: how long a signed URL is good for. Berth's own.
    public var duration = Duration.seconds(20 * 60)

    /// The defaults.
    public init() {}
  }

  /// `rewrite`: parts of the URLs that clients get are replaced.
  public struct Rewrite: Sendable, Equatable {
    /// `scheme`; nil: as it is.
    public var scheme: WebURL.Scheme?
    /// `host`, perhaps with a port; nil: as it is.
    public var host: WebURL.Authority?
    /// `trimpathprefix`: taken away from the beginning of a path, where it is there. Not percent-encoded.
    public var trimPathPrefix = ""

    /// The defaults.
    public init() {}
  }
}

extension Configuration.Middleware.Redirect: ConfigurationSection {
  /// MD5 is fast, and a client with a signed URL can try secrets offline.
  private static let shortestSecret = 16

  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.baseURL("baseurl", &baseURL)
    keys.value("secret", &secret)
    keys.value("duration", &duration)
    if !secret.isEmpty {
      let isPlain = secret.value.utf8.allSatisfy { byte in
        byte > 0x20 && byte < 0x7F && ![UInt8(ascii: "$"), UInt8(ascii: "\""), UInt8(ascii: "\\")].contains(byte)
      }
      if !isPlain {
        keys.report(
          .error, "secret", "it has characters that nginx has no way to write", remedy: "use letters and digits")
      } else if secret.value.utf8.count < Self.shortestSecret {
        keys.report(
          .error, "secret", "it can be guessed", remedy: "give at least \(Self.shortestSecret) random characters")
      }
    }
    keys.checkLifetime("duration", duration)
  }
}

extension Configuration.Middleware.Rewrite: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("scheme", &scheme)
    keys.value("host", &host)
    keys.value("trimpathprefix", &trimPathPrefix)
    if !trimPathPrefix.isEmpty, !trimPathPrefix.hasPrefix("/") {
      keys.report(.error, "trimpathprefix", "no path begins with it", remedy: "begin it with a slash")
    }
  }
}

extension ConfigurationVisitor {
  /// Reports a time in which no client could do anything.
  func checkLifetime(_ key: String, _ duration: Duration) {
    if duration < .seconds(1) {
      report(.error, key, "\(duration.goText) is too short", remedy: "give at least 1s, or a unit: 20m")
    }
  }
}
