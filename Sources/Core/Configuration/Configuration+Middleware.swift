extension Configuration {
  /// `middleware`: what stands between the registry and its storage, in the order of the lists: each one sees what the
  /// one before it makes of a file's URL.
  public struct Middleware: Sendable, Equatable {
    /// `registry`: docker/distribution has none of its own, and neither has Berth.
    public var registry: [Foreign] = []
    /// `repository`: as `registry`.
    public var repository: [Foreign] = []
    /// `storage`
    public var storage: [Storage] = []

    /// The defaults: none.
    public init() {}

    /// One that was compiled into a docker/distribution of the operator's own.
    public struct Foreign: Sendable, Equatable {
      /// `name`
      public var name = ""
      /// `disabled`
      public var disabled = false

      /// The defaults.
      public init() {}
    }

    /// One between the registry and its storage.
    public struct Storage: Sendable, Equatable {
      /// `name`, with `options`.
      public var kind = Kind.other("")
      /// `disabled`: left out, whatever it is. Nothing is asked of its options then.
      public var disabled = false

      /// The defaults.
      public init() {}
    }

    /// The storage middleware that there is.
    public enum Kind: Sendable, Equatable {
      /// `cloudfront`
      case cloudFront(CloudFront)
      /// `redirect`
      case redirect(Redirect)
      /// `rewrite`
      case rewrite(Rewrite)
      /// Any other name: a mistake, or one that was compiled into a docker/distribution of the operator's own.
      case other(String)
    }
  }
}

extension Configuration.Middleware: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.list("registry", &registry)
    keys.list("repository", &repository)
    keys.list("storage", &storage)
  }

  /// Says what comes to nothing with this storage.
  func reportIneffective(_ keys: some ConfigurationVisitor, over storage: Configuration.Storage) {
    let active = self.storage.filter { !$0.disabled }
    if !active.isEmpty, storage.redirectDisabled {
      keys.report(
        .warning, "middleware", "it has no effect, since clients are sent nowhere",
        remedy: "remove it, or storage.redirect.disable")
    }
    if case .s3 = storage.driver { return }
    if active.contains(where: { if case .cloudFront = $0.kind { true } else { false } }) {
      keys.report(
        .warning, "middleware", "cloudfront has no effect, since the storage is no bucket of S3",
        remedy: "remove it, or use storage.s3")
    }
  }
}

extension Configuration.Middleware.Foreign: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("name", &name)
    keys.value("disabled", &disabled)
    keys.skip("options")
    if !disabled {
      keys.report(
        .error, "name", "Berth has no such middleware: \(name)", remedy: "remove it, or give it `disabled: true`")
    }
  }
}

extension Configuration.Middleware.Storage: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    var name = kind.name
    keys.value("name", &name)
    if keys.isReading { kind = .init(name: name) }
    keys.value("disabled", &disabled)
    if disabled {
      keys.skip("options")
      return
    }
    switch kind {
    case .cloudFront(let options): kind = .cloudFront(Self.options(keys, options))
    case .redirect(let options): kind = .redirect(Self.options(keys, options))
    case .rewrite(let options): kind = .rewrite(Self.options(keys, options))
    case .other:
      keys.skip("options")
      keys.report(
        .error, "name", "no storage middleware has this name: \(name)",
        remedy: "give one of \(Configuration.Middleware.Kind.names.joined(separator: ", ")), or `disabled: true`")
    }
  }

  /// Without any, nothing would be missed of what is required.
  private static func options<Options: ConfigurationSection>(
    _ keys: some ConfigurationVisitor, _ options: Options
  ) -> Options {
    var found = keys.isReading ? nil : options
    keys.section("options", &found)
    if found == nil { keys.report(.error, "", "it has no options", remedy: "add `options`") }
    return found ?? options
  }
}

extension Configuration.Middleware.Kind {
  /// The names that the configuration knows.
  public static let names = ["cloudfront", "redirect", "rewrite"]

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
