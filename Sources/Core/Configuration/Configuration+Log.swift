extension Configuration {
  /// `log`
  public struct Log: Sendable, Equatable {
    /// `log.level` (old alias: `loglevel`)
    public var level = Level.info
    /// `log.formatter`
    public var formatter = Formatter.text
    /// `log.fields`: added to every line.
    public var fields: [String: String] = [:]
    /// `log.accesslog.disabled`
    public var accessLogDisabled = false
    /// `log.reportcaller`: name the place in the source that logs.
    public var reportCaller = false
    /// `log.hooks`
    public var hooks: [LogHook] = []

    /// The defaults.
    public init() {}

    /// Levels, with docker/distribution's names.
    public enum Level: String, Sendable, CaseIterable {
      case error, warn, info, debug
    }

    /// Forms of a line.
    public enum Formatter: String, Sendable, CaseIterable {
      case text, json, logstash
    }
  }

  /// `log.hooks[]`
  public struct LogHook: Sendable, Equatable {
    /// `disabled`
    public var disabled = false
    /// `type`: `mail`
    public var type = ""
    /// `levels`
    public var levels: [String] = []
    /// `options`
    public var options = MailOptions()

    /// The defaults.
    public init() {}
  }

  /// `log.hooks[].options`
  public struct MailOptions: Sendable, Equatable {
    /// `smtp`
    public var smtp = SMTP()
    /// `from`
    public var from = ""
    /// `to`
    public var to: [String] = []

    /// The defaults.
    public init() {}
  }

  /// `log.hooks[].options.smtp`
  public struct SMTP: Sendable, Equatable {
    /// `addr`
    public var address = ""
    /// `username`
    public var username = ""
    /// `password`
    public var password: Secret = ""
    /// `insecure`
    public var insecure = false

    /// The defaults.
    public init() {}
  }
}

extension Configuration.Log.Level: ConfigurationKeyword {}
extension Configuration.Log.Formatter: ConfigurationKeyword {}

extension Configuration.Log: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("level", &level)
    keys.value("formatter", &formatter)
    keys.value("fields", &fields)
    var accessLog = AccessLogKeys(disabled: accessLogDisabled)
    keys.section("accesslog", &accessLog)
    accessLogDisabled = accessLog.disabled
    keys.withoutEffect {
      keys.value("reportcaller", &reportCaller)
      keys.list("hooks", &hooks)
    }
    if reportCaller {
      keys.report(.warning, "reportcaller", "it has no effect: lines don't name their source", remedy: "remove it")
    }
    if hooks.contains(where: { !$0.disabled }) {
      keys.report(
        .warning, "hooks", "it has no effect: Berth sends no mail",
        remedy: "let the program that collects the log send mail")
    }
  }
}

/// `log.accesslog`
private struct AccessLogKeys: ConfigurationSection {
  var disabled = false

  init() {}
  init(disabled: Bool) { self.disabled = disabled }

  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("disabled", &disabled)
  }
}

extension Configuration.LogHook: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("disabled", &disabled)
    keys.value("type", &type)
    keys.value("levels", &levels)
    keys.section("options", &options)
  }
}

extension Configuration.MailOptions: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.section("smtp", &smtp)
    keys.value("from", &from)
    keys.value("to", &to)
  }
}

extension Configuration.SMTP: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("addr", &address)
    keys.value("username", &username)
    keys.value("password", &password)
    keys.value("insecure", &insecure)
  }
}
