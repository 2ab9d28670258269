extension Configuration {
  /// `catalog`
  public struct Catalog: Sendable, Equatable {
    /// `catalog.maxentries`: repositories in one page at the most.
    public var maxEntries = 1000
    /// Repositories in a page where the client names no number.
    public static let defaultEntries = 100
  }

  /// `tags`
  public struct Tags: Sendable, Equatable {
    /// `tags.maxtags`: tags in one page at the most, where the client names a number.
    public var maxTags = 1000
  }
}
