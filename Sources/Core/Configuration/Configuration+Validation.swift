extension Configuration {
  /// `validation`: what a pushed manifest is held to.
  public struct Validation: Sendable, Equatable {
    /// `validation.disabled`: check nothing beyond the manifest's own form. (`validation.enabled: true`, older
    /// than this key, wins over it.)
    public var disabled = false
    /// `validation.manifests.urls.allow`: regular expressions, one of which a layer's URL must match.
    public var allowedURLs: [LinearPattern] = []
    /// `validation.manifests.urls.deny`: regular expressions, none of which a layer's URL may match.
    public var deniedURLs: [LinearPattern] = []
    /// `validation.manifests.sizes`: what becomes of a descriptor whose size is not the content's. Berth's own.
    public var sizes = Sizes.strict
    /// `validation.manifests.indexes.platforms`: which children of an index must exist.
    public var platforms = Platforms.all
    /// `validation.manifests.indexes.platformlist`: for `list`.
    public var platformList: [Platform] = []

    /// The defaults.
    public init() {}

    /// What becomes of a descriptor whose size is not the content's.
    public enum Sizes: String, Sendable, CaseIterable {
      /// It is refused. One that gives no size is taken.
      case strict
      /// It is taken, as docker/distribution takes it.
      case lenient
    }

    /// Which children of an index must exist.
    public enum Platforms: String, Sendable, CaseIterable {
      case all, none, list
    }

    /// A platform of an index's child.
    public struct Platform: Sendable, Hashable {
      /// `architecture`
      public var architecture: String
      /// `os`
      public var os: String

      /// A platform.
      public init(architecture: String, os: String) {
        self.architecture = architecture
        self.os = os
      }
    }
  }
}

extension Configuration.Validation.Platforms: ConfigurationKeyword {}
extension Configuration.Validation.Sizes: ConfigurationKeyword {}

extension Configuration.Validation: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    var enabled = false
    keys.alias { keys.value("enabled", &enabled) }
    keys.value("disabled", &disabled)
    if enabled { disabled = false }
    var manifests = Manifests(self)
    keys.section("manifests", &manifests)
    allowedURLs = manifests.urls.allow
    deniedURLs = manifests.urls.deny
    sizes = manifests.sizes
    platforms = manifests.indexes.platforms
    platformList = manifests.indexes.platformList
  }

  /// `validation.manifests`
  private struct Manifests: ConfigurationSection {
    var urls = URLs()
    var sizes = Sizes.strict
    var indexes = Indexes()

    init() {}

    init(_ validation: Configuration.Validation) {
      urls.allow = validation.allowedURLs
      urls.deny = validation.deniedURLs
      sizes = validation.sizes
      indexes.platforms = validation.platforms
      indexes.platformList = validation.platformList
    }

    mutating func visit(_ keys: some ConfigurationVisitor) {
      if keys.isReading || !urls.isEmpty { keys.section("urls", &urls) }
      keys.value("sizes", &sizes)
      keys.section("indexes", &indexes)
    }
  }

  /// `validation.manifests.urls`
  private struct URLs: ConfigurationSection {
    var allow: [LinearPattern] = []
    var deny: [LinearPattern] = []

    var isEmpty: Bool { allow.isEmpty && deny.isEmpty }

    mutating func visit(_ keys: some ConfigurationVisitor) {
      keys.patterns("allow", &allow)
      keys.patterns("deny", &deny)
    }
  }

  /// `validation.manifests.indexes`
  private struct Indexes: ConfigurationSection {
    var platforms = Platforms.all
    var platformList: [Platform] = []

    mutating func visit(_ keys: some ConfigurationVisitor) {
      keys.value("platforms", &platforms)
      keys.list("platformlist", &platformList)
    }
  }
}

extension Configuration.Validation.Platform: ConfigurationSection {
  init() { self.init(architecture: "", os: "") }

  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("architecture", &architecture)
    keys.value("os", &os)
  }
}
