extension Configuration {
  /// `log`
  public struct Log: Sendable, Equatable {
    /// `log.level` (old alias: `loglevel`)
    public var level = Level.info
    /// `log.formatter`
    public var formatter = Formatter.text
    /// `log.fields`: added to every line, in the order of the file.
    public var fields: [String: String] = [:]
    /// `log.accesslog.disabled`
    public var accessLogDisabled = false

    /// Levels, with docker/distribution's names.
    public enum Level: String, Sendable, CaseIterable {
      case error, warn, info, debug
    }

    /// Forms of a line.
    public enum Formatter: String, Sendable, CaseIterable {
      case text, json, logstash
    }
  }
}
