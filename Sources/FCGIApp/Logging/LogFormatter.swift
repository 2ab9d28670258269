import Core
import Glibc
import Logging

/// The forms of a log line (`log.formatter`), as logrus writes them for docker/distribution.
struct LogFormatter: Sendable {
  /// One of the forms.
  let form: Configuration.Log.Formatter
  /// `log.fields`, sorted by name.
  let fields: [(key: String, value: String)]

  init(form: Configuration.Log.Formatter, fields: [String: String]) {
    self.form = form
    self.fields = fields.sorted { $0.key < $1.key }
  }

  /// What a line says under a key.
  enum Value {
    case text(String)
    /// JSON's forms write it without quotes.
    case number(Int64)
  }

  /// A line with its end. Control characters are escaped, so that no text can forge another one.
  /// - Parameter time: as ``Timestamp`` writes it.
  func line(time: String, level: Logger.Level, message: String, metadata: [(key: String, value: Value)]) -> [UInt8] {
    var bytes: [UInt8] =
      switch form {
      case .text: text(time, level, message, metadata)
      case .json: json([("level", Self.name(level)), ("msg", message), ("time", time)], metadata)
      case .logstash:
        json(
          [
            ("@timestamp", time), ("@version", "1"), ("level", Self.name(level)), ("message", message),
            ("type", "registry"),
          ], metadata)
      }
    bytes.append(UInt8(ascii: "\n"))
    return bytes
  }

  private func json(
    _ head: [(key: String, value: String)], _ metadata: [(key: String, value: Value)]
  ) -> [UInt8] {
    var writer = JSONWriter(capacity: 768)
    writer.object { writer in
      for (key, value) in head { writer.string(key, value) }
      for (key, value) in pairs(metadata, beside: head.map(\.key)) {
        switch value {
        case .text(let text): writer.string(key, text)
        case .number(let number): writer.integer(key, number)
        }
      }
    }
    return writer.bytes
  }

  /// `log.fields` and what the line says of itself, each key once: the line's own wins, and what is called as a part of
  /// the form gets a prefix, as with logrus.
  private func pairs(
    _ metadata: [(key: String, value: Value)], beside head: [String]
  ) -> [(key: String, value: Value)] {
    let standing = fields.filter { field in !metadata.contains { $0.key == field.key } }
    return (standing.map { ($0.key, .text($0.value)) } + metadata).map {
      (head.contains($0.key) ? "fields." + $0.key : $0.key, $0.value)
    }
  }

  private func text(
    _ time: String, _ level: Logger.Level, _ message: String, _ metadata: [(key: String, value: Value)]
  ) -> [UInt8] {
    var bytes = Array("time=\"\(time)\" level=\(Self.name(level)) msg=".utf8)
    TextEscaping.appendQuoted(message, &bytes)
    for (key, value) in pairs(metadata, beside: ["time", "level", "msg"]) {
      bytes.append(UInt8(ascii: " "))
      TextEscaping.append(key, &bytes)
      bytes.append(UInt8(ascii: "="))
      switch value {
      case .text(let text): TextEscaping.append(text, &bytes)
      case .number(let number): bytes += String(number).utf8
      }
    }
    return bytes
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

/// Keeps text within its line and its quotes.
enum TextEscaping {
  /// Bare where it is a plain word, else quoted.
  static func append(_ text: String, _ bytes: inout [UInt8]) {
    let isWord =
      !text.isEmpty
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          true
        default: "-._/@^+:".utf8.contains(byte)
        }
      }
    if isWord { bytes += text.utf8 } else { appendQuoted(text, &bytes) }
  }

  /// Within double quotes.
  static func appendQuoted(_ text: String, _ bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    appendEscaped(text.utf8, &bytes)
    bytes.append(UInt8(ascii: "\""))
  }

  /// With quotes, backslashes and control characters escaped.
  static func appendEscaped(_ text: some Sequence<UInt8>, _ bytes: inout [UInt8]) {
    for byte in text {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(byte)
      case UInt8(ascii: "\n"):
        bytes += "\\n".utf8
      case 0..<0x20, 0x7F:
        bytes += "\\x".utf8
        bytes.append(hexDigit(byte >> 4))
        bytes.append(hexDigit(byte & 15))
      default:
        bytes.append(byte)
      }
    }
  }

  private static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}
