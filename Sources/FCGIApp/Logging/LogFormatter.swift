import Core
import Glibc
import Logging

/// The forms of a log line (`log.formatter`), as logrus writes them for docker/distribution.
struct LogFormatter: Sendable {
  private let form: Configuration.Log.Formatter
  /// `log.fields`, sorted by key, with the name of each in a line.
  private let fields: [(key: String, name: String, value: String)]
  /// Keys that the format itself uses.
  private let head: [String]

  init(form: Configuration.Log.Formatter, fields: [String: String]) {
    let head =
      switch form {
      case .text, .json: ["time", "level", "msg"]
      case .logstash: ["@timestamp", "@version", "level", "message", "type"]
      }
    self.form = form
    self.head = head
    self.fields = fields.sorted { $0.key < $1.key }.map { ($0.key, Self.name(of: $0.key, beside: head), $0.value) }
  }

  /// The value of a key.
  enum Value {
    case text(String)
    /// The JSON formats write it without quotes.
    case number(Int64)
  }

  /// Adds a line with its end. Control characters are escaped, so that no text can forge another line.
  ///
  /// If `log.fields` and `metadata` have the same key, `metadata` wins. A key that the format uses itself gets a
  /// prefix, as with logrus.
  /// - Parameter time: as ``Timestamp`` writes it.
  func append(
    time: String, level: Logger.Level, message: String, metadata: [(key: String, value: Value)],
    to bytes: inout [UInt8]
  ) {
    switch form {
    case .text: appendText(time, level, message, metadata, &bytes)
    case .json, .logstash: bytes += json(time, level, message, metadata)
    }
    bytes.append(UInt8(ascii: "\n"))
  }

  private func json(
    _ time: String, _ level: Logger.Level, _ message: String, _ metadata: [(key: String, value: Value)]
  ) -> [UInt8] {
    var writer = JSONWriter(capacity: LineSink.usualLine)
    writer.object { writer in
      if form == .json {
        writer.string("level", Self.name(level))
        writer.string("msg", message)
        writer.string("time", time)
      } else {
        writer.string("@timestamp", time)
        writer.string("@version", "1")
        writer.string("level", Self.name(level))
        writer.string("message", message)
        writer.string("type", "registry")
      }
      for (key, name, value) in fields where !metadata.contains(where: { $0.key == key }) { writer.string(name, value) }
      for (key, value) in metadata {
        let name = Self.name(of: key, beside: head)
        switch value {
        case .text(let text): writer.string(name, text)
        case .number(let number): writer.integer(name, number)
        }
      }
    }
    return writer.bytes
  }

  private func appendText(
    _ time: String, _ level: Logger.Level, _ message: String, _ metadata: [(key: String, value: Value)],
    _ bytes: inout [UInt8]
  ) {
    bytes += "time=\"".utf8
    bytes += time.utf8
    bytes += "\" level=".utf8
    bytes += Self.name(level).utf8
    bytes += " msg=".utf8
    TextEscaping.appendQuoted(message, &bytes)
    for (key, name, value) in fields where !metadata.contains(where: { $0.key == key }) {
      Self.appendKey(name, &bytes)
      TextEscaping.append(value, &bytes)
    }
    for (key, value) in metadata {
      Self.appendKey(Self.name(of: key, beside: head), &bytes)
      switch value {
      case .text(let text): TextEscaping.append(text, &bytes)
      case .number(let number): bytes += String(number).utf8
      }
    }
  }

  private static func appendKey(_ name: String, _ bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: " "))
    TextEscaping.append(name, &bytes)
    bytes.append(UInt8(ascii: "="))
  }

  private static func name(of key: String, beside head: [String]) -> String {
    head.contains(key) ? "fields." + key : key
  }

  private static func name(_ level: Logger.Level) -> String {
    switch level {
    case .trace, .debug: "debug"
    case .info, .notice: "info"
    case .warning: "warning"
    case .error: "error"
    case .critical: "fatal"
    }
  }
}
