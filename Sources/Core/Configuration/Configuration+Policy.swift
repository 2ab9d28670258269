extension Configuration {
  /// `policy`: what repositories may do.
  public struct Policy: Sendable, Equatable {
    /// `policy.repository.mounts`: where a client may mount blobs from. Berth's own.
    public var mounts = Mounts.any
    /// `policy.repository.classes`: the classes of repositories that content is allowed for.
    public var classes: [String] = []

    /// The defaults.
    public init() {}

    /// Where a client may mount blobs from (distribution spec, "Mounting a blob from another repository"). A client
    /// that may not is asked to upload, as if the blob were not there.
    public enum Mounts: String, Sendable, CaseIterable {
      /// From the repository that it names, or, where it names none, from any: for a registry all of whose clients may
      /// read all of it.
      case any
      /// From the repository that it names.
      case from
      /// From none.
      case off
    }
  }
}

extension Configuration.Policy.Mounts: ConfigurationKeyword {}

extension Configuration.Policy: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    var repository = Repository(mounts: mounts, classes: classes)
    keys.section("repository", &repository)
    mounts = repository.mounts
    classes = repository.classes
  }

  private struct Repository: ConfigurationSection {
    var mounts = Mounts.any
    var classes: [String] = []

    init() {}

    init(mounts: Mounts, classes: [String]) {
      self.mounts = mounts
      self.classes = classes
    }

    mutating func visit(_ keys: some ConfigurationVisitor) {
      keys.value("mounts", &mounts)
      keys.withoutEffect { keys.value("classes", &classes) }
      if !classes.isEmpty {
        keys.report(
          .warning, "classes", "it has no effect: repositories of every class are allowed", remedy: "remove it")
      }
    }
  }
}
