extension Configuration {
  /// `validation`: what a pushed manifest is held to.
  public struct Validation: Sendable, Equatable {
    /// `validation.disabled`: check nothing beyond the manifest's own form.
    public var disabled = false
    /// `validation.manifests.urls.allow`: regular expressions, one of which a layer's URL must match.
    public var allowedURLs: [String] = []
    /// `validation.manifests.urls.deny`: regular expressions, none of which a layer's URL may match.
    public var deniedURLs: [String] = []
    /// `validation.manifests.indexes.platforms`: which children of an index must exist.
    public var platforms = Platforms.all
    /// `validation.manifests.indexes.platformlist`: for `list`.
    public var platformList: [Platform] = []

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
