public import HTTPTypes

extension Configuration {
  /// `notifications`
  public struct Notifications: Sendable, Equatable {
    /// `events.includereferences`
    public var includeReferences = false
    /// `endpoints`
    public var endpoints: [Endpoint] = []

    /// The defaults: none.
    public init() {}
  }

  /// `notifications.endpoints[]`
  public struct Endpoint: Sendable, Equatable {
    /// `name`
    public var name = ""
    /// `disabled`
    public var disabled = false
    /// `url`
    public var url = ""
    /// `headers`: sent along; may hold credentials, so they are never printed.
    public var headers = HTTPFields()
    /// `timeout`
    public var timeout = Duration.seconds(1)
    /// `threshold`: failures before backing off.
    public var threshold = 10
    /// `backoff`
    public var backoff = Duration.seconds(1)
    /// `ignoredmediatypes`, and `ignore.mediatypes`
    public var ignoredMediaTypes: [String] = []
    /// `ignore.actions`
    public var ignoredActions: [String] = []

    /// The defaults.
    public init() {}
  }
}

extension Configuration.Notifications: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    var events = Events(includeReferences: includeReferences)
    keys.section("events", &events)
    includeReferences = events.includeReferences
    keys.list("endpoints", &endpoints)
  }

  private struct Events: ConfigurationSection {
    var includeReferences = false

    init() {}
    init(includeReferences: Bool) { self.includeReferences = includeReferences }

    mutating func visit(_ keys: some ConfigurationVisitor) {
      keys.value("includereferences", &includeReferences)
    }
  }
}

extension Configuration.Endpoint: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("name", &name)
    keys.value("disabled", &disabled)
    keys.value("url", &url)
    var list = HeaderList(fields: headers)
    keys.withoutEffect { keys.value("headers", &list) }
    headers = list.fields
    keys.value("timeout", &timeout)
    keys.integer("threshold", &threshold, in: 0...Int.max)
    keys.value("backoff", &backoff)
    var old: [String] = []
    keys.alias { keys.value("ignoredmediatypes", &old) }
    var ignore = Ignore(mediaTypes: ignoredMediaTypes, actions: ignoredActions)
    keys.section("ignore", &ignore)
    ignoredMediaTypes = ignore.mediaTypes + old
    ignoredActions = ignore.actions
  }

  private struct Ignore: ConfigurationSection {
    var mediaTypes: [String] = []
    var actions: [String] = []

    init() {}
    init(mediaTypes: [String], actions: [String]) {
      self.mediaTypes = mediaTypes
      self.actions = actions
    }

    mutating func visit(_ keys: some ConfigurationVisitor) {
      keys.value("mediatypes", &mediaTypes)
      keys.value("actions", &actions)
    }
  }
}
