extension Configuration {
  /// `storage.rados`
  public struct Rados: Sendable, Equatable {
    /// `poolname`
    public var poolName = ""
    /// `username`; empty: Ceph's default.
    public var userName = ""
    /// `chunksize`: bytes of an object that content is striped over.
    public var chunkSize = 4 << 20

    /// The defaults.
    public init() {}
  }
}

extension Configuration.Rados: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("poolname", &poolName)
    keys.value("username", &userName)
    keys.looseInteger("chunksize", &chunkSize, in: 1...Int.max)
    if poolName.isEmpty { keys.report(.error, "poolname", "it is required", remedy: "name the pool") }
  }
}
