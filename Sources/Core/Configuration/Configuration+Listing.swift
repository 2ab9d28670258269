extension Configuration {
  /// `catalog`
  public struct Catalog: Sendable, Equatable {
    /// `catalog.maxentries`: repositories in one page at the most. 0 or less: the default.
    public var maxEntries = 1000
    /// Repositories in a page where the client names no number.
    public static let defaultEntries = 100

    /// The defaults.
    public init() {}
  }

  /// `tags`
  public struct Tags: Sendable, Equatable {
    /// `tags.maxtags`: tags in one page at the most, where the client names a number. 0: the default.
    public var maxTags = 1000

    /// The defaults.
    public init() {}
  }
}

extension Configuration.Catalog: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("maxentries", &maxEntries)
    if maxEntries <= 0 { maxEntries = Self().maxEntries }
  }
}

extension Configuration.Tags: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.integer("maxtags", &maxTags, in: 0...Int.max)
    if maxTags == 0 { maxTags = Self().maxTags }
  }
}
