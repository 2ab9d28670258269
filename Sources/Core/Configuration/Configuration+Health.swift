public import HTTPTypes

extension Configuration {
  /// `health`
  public struct Health: Sendable, Equatable {
    /// `storagedriver`
    public var storageDriver = StorageCheck()
    /// `file`
    public var files: [FileCheck] = []
    /// `http`
    public var http: [HTTPCheck] = []
    /// `tcp`
    public var tcp: [TCPCheck] = []

    /// The defaults: none.
    public init() {}

    /// `health.storagedriver`
    public struct StorageCheck: Sendable, Equatable {
      /// `enabled`
      public var enabled = false
      /// `interval`
      public var interval = Duration.seconds(10)
      /// `threshold`: failures that make the service unhealthy; 0: the first one.
      public var threshold = 0

      /// How long a check may take: `interval`, but at least 5 seconds, which a busy store may need, and at most 30. So
      /// a hang is noticed within `interval` × `threshold` and this.
      public var deadline: Duration { min(max(interval, .seconds(5)), .seconds(30)) }

      /// The defaults.
      public init() {}
    }

    /// `health.file[]`: unhealthy while the file exists.
    public struct FileCheck: Sendable, Equatable {
      /// `file`
      public var file = ""
      /// `interval`
      public var interval = Duration.seconds(10)
      /// `threshold`
      public var threshold = 0

      /// The defaults.
      public init() {}
    }

    /// `health.http[]`
    public struct HTTPCheck: Sendable, Equatable {
      /// `uri`
      public var uri = ""
      /// `headers`
      public var headers = HTTPFields()
      /// `statuscode`
      public var statusCode = 200
      /// `timeout`; nil: none.
      public var timeout: Duration?
      /// `interval`
      public var interval = Duration.seconds(10)
      /// `threshold`
      public var threshold = 0

      /// The defaults.
      public init() {}
    }

    /// `health.tcp[]`
    public struct TCPCheck: Sendable, Equatable {
      /// `addr`
      public var address = ""
      /// `timeout`; nil: none.
      public var timeout: Duration?
      /// `interval`
      public var interval = Duration.seconds(10)
      /// `threshold`
      public var threshold = 0

      /// The defaults.
      public init() {}
    }
  }
}

extension Configuration.Health: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.section("storagedriver", &storageDriver)
    keys.withoutEffect {
      keys.list("file", &files)
      keys.list("http", &http)
      keys.list("tcp", &tcp)
    }
    for (key, isGiven) in [("file", !files.isEmpty), ("http", !http.isEmpty), ("tcp", !tcp.isEmpty)] where isGiven {
      keys.report(
        .warning, key, "it has no effect in this build of Berth: of `health`, only storagedriver is acted on",
        remedy: "remove this key, not the section; let your monitoring check it")
    }
  }
}

extension Configuration.Health.StorageCheck: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("enabled", &enabled)
    keys.value("interval", &interval)
    keys.integer("threshold", &threshold, in: 0...Int.max)
  }
}

extension Configuration.Health.FileCheck: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("file", &file)
    keys.value("interval", &interval)
    keys.integer("threshold", &threshold, in: 0...Int.max)
  }
}

extension Configuration.Health.HTTPCheck: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("uri", &uri)
    var list = HeaderList(fields: headers)
    keys.value("headers", &list)
    headers = list.fields
    keys.integer("statuscode", &statusCode, in: 100...599)
    keys.value("timeout", &timeout)
    keys.value("interval", &interval)
    keys.integer("threshold", &threshold, in: 0...Int.max)
  }
}

extension Configuration.Health.TCPCheck: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("addr", &address)
    keys.value("timeout", &timeout)
    keys.value("interval", &interval)
    keys.integer("threshold", &threshold, in: 0...Int.max)
  }
}
