extension Configuration {
  /// `middleware`
  public struct Middleware: Sendable, Equatable {
    /// `registry`
    public var registry: [Named] = []
    /// `repository`
    public var repository: [Named] = []
    /// `storage`
    public var storage: [Named] = []

    /// The defaults: none.
    public init() {}

    /// One middleware.
    public struct Named: Sendable, Equatable {
      /// `name`, with `options` where it is one that is known.
      public var kind = Kind.other("")
      /// `disabled`
      public var disabled = false

      /// The defaults.
      public init() {}
    }

    /// The middleware that has options of its own.
    public enum Kind: Sendable, Equatable {
      /// `cloudfront`
      case cloudFront(CloudFront)
      /// `redirect`
      case redirect(Redirect)
      /// `rewrite`
      case rewrite(Rewrite)
      /// Any other name: a mistake, or one that was compiled into somebody's docker/distribution.
      case other(String)
    }

    /// `cloudfront`
    public struct CloudFront: Sendable, Equatable {
      /// `baseurl`
      public var baseURL = ""
      /// `privatekey`: path of a PEM file.
      public var privateKey = ""
      /// `keypairid`
      public var keyPairID = ""
      /// `duration`: how long a URL is good for.
      public var duration = Duration.seconds(20 * 60)
      /// `ipfilteredby`
      public var ipFilteredBy = Filter.none
      /// `awsregion`: separated by commas.
      public var awsRegion = ""
      /// `updatefrequency`
      public var updateFrequency = Duration.seconds(12 * 3600)
      /// `iprangesurl`
      public var ipRangesURL = "https://ip-ranges.amazonaws.com/ip-ranges.json"

      /// The defaults.
      public init() {}

      /// Which clients are sent to the bucket itself.
      public enum Filter: String, Sendable, CaseIterable {
        case none, aws, awsregion
      }
    }

    /// `redirect`
    public struct Redirect: Sendable, Equatable {
      /// `baseurl`
      public var baseURL = ""

      /// The defaults.
      public init() {}
    }

    /// `rewrite`
    public struct Rewrite: Sendable, Equatable {
      /// `scheme`
      public var scheme = ""
      /// `host`
      public var host = ""
      /// `trimpathprefix`
      public var trimPathPrefix = ""

      /// The defaults.
      public init() {}
    }
  }
}

extension Configuration.Middleware.CloudFront.Filter: ConfigurationKeyword {}

extension Configuration.Middleware: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.list("registry", &registry)
    keys.list("repository", &repository)
    keys.list("storage", &storage)
  }
}

extension Configuration.Middleware.Named: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    var name = kind.name
    keys.value("name", &name)
    if keys.isReading { kind = .init(name: name) }
    keys.value("disabled", &disabled)
    switch kind {
    case .cloudFront(var options):
      keys.section("options", &options)
      kind = .cloudFront(options)
    case .redirect(var options):
      keys.section("options", &options)
      kind = .redirect(options)
    case .rewrite(var options):
      keys.section("options", &options)
      kind = .rewrite(options)
    case .other: keys.skip("options")
    }
  }
}

extension Configuration.Middleware.Kind {
  fileprivate init(name: String) {
    switch name {
    case "cloudfront": self = .cloudFront(.init())
    case "redirect": self = .redirect(.init())
    case "rewrite": self = .rewrite(.init())
    default: self = .other(name)
    }
  }

  fileprivate var name: String {
    switch self {
    case .cloudFront: "cloudfront"
    case .redirect: "redirect"
    case .rewrite: "rewrite"
    case .other(let name): name
    }
  }
}

extension Configuration.Middleware.CloudFront: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("baseurl", &baseURL)
    keys.value("privatekey", &privateKey)
    keys.value("keypairid", &keyPairID)
    keys.value("duration", &duration)
    keys.value("ipfilteredby", &ipFilteredBy)
    keys.value("awsregion", &awsRegion)
    keys.value("updatefrequency", &updateFrequency)
    keys.value("iprangesurl", &ipRangesURL)
  }
}

extension Configuration.Middleware.Redirect: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("baseurl", &baseURL)
  }
}

extension Configuration.Middleware.Rewrite: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("scheme", &scheme)
    keys.value("host", &host)
    keys.value("trimpathprefix", &trimPathPrefix)
  }
}
