import Core
import Glibc
import HTTPTypes
import Logging
import NIOConcurrencyHelpers

/// The access log: a line for each answered request in the form that `log.formatter` names, with the names that
/// docker/distribution gives to its parts.
final class AccessLines: AccessLogSink {
  private let sink: LineSink
  private let formatter: LogFormatter
  private let process: [(key: String, value: LogFormatter.Value)]
  private let second = NIOLockedValueBox((number: 0, text: ""))

  /// - Parameter process: fields of every line that identify the process.
  init(_ sink: LineSink, _ formatter: LogFormatter, process: [(key: String, value: String)]) {
    self.sink = sink
    self.formatter = formatter
    self.process = process.map { ($0.key, .text($0.value)) }
  }

  func record(_ request: Request, _ response: Response, _ duration: Duration) {
    let time = currentTime()
    sink.write { appendLine(request, response, duration, time: time, to: &$0) }
  }

  /// Formatting a date costs more than the rest, so it is done once a second.
  private func currentTime() -> String {
    let now = Timestamp.now
    let text = second.withLockedValue { second in
      if second.number != now.seconds || second.text.isEmpty { second = (now.seconds, now.second) }
      return second.text
    }
    return text + now.fraction
  }

  /// Adds a line, shorter than ``LineSink/atomicWrite`` unless `log.fields` are long themselves.
  func appendLine(
    _ request: Request, _ response: Response, _ duration: Duration, time: String, to bytes: inout [UInt8]
  ) {
    let target = request.query.isEmpty ? request.path : "\(request.path)?\(request.query)"
    var parts: [(key: String, value: LogFormatter.Value)] = []
    parts.reserveCapacity(Self.mostParts + process.count)
    parts.append(("http.request.id", .text(request.id)))
    parts.append(("http.request.method", .text(Self.bounded(request.method.rawValue, 48))))
    if let referer = request.fields[.referer] {
      parts.append(("http.request.referer", .text(Self.bounded(referer, 256))))
    }
    parts.append(("http.request.remoteaddr", .text(Self.bounded(request.remoteAddress, 64))))
    parts.append(("http.request.uri", .text(Self.bounded(target, 1536))))
    if let agent = request.fields[.userAgent] {
      parts.append(("http.request.useragent", .text(Self.bounded(agent, 384))))
    }
    parts.append(("http.request.version", .text(Self.bounded(request.httpVersion, 24))))
    parts.append(("http.response.duration", .text(Self.milliseconds(duration))))
    parts.append(("http.response.status", .number(Int64(response.status.code))))
    parts.append(("http.response.written", .number(Self.size(response, request.method))))
    parts += process
    formatter.append(time: time, level: .info, message: "response completed", metadata: parts, to: &bytes)
  }

  /// How many fields a line has at the most, without those of `process`.
  private static let mostParts = 10

  /// `1234.567ms`. Built without string interpolation, which would allocate.
  private static func milliseconds(_ duration: Duration) -> String {
    let microseconds = duration.components.seconds * 1_000_000 + duration.components.attoseconds / 1_000_000_000_000
    var text = String(microseconds / 1000)
    text += "."
    text += String(1000 + microseconds % 1000).dropFirst()
    text += "ms"
    return text
  }

  /// Bytes that the worker sent itself. Files that nginx sends are counted in nginx's log.
  private static func size(_ response: Response, _ method: HTTPRequest.Method) -> Int64 {
    if method == .head { return 0 }
    return switch response.body {
    case .empty: 0
    case .bytes(let bytes): Int64(bytes.count)
    case .file(_, let length): length
    }
  }

  /// Bytes of `\u0000`, JSON's escape of a control character.
  private static let longestEscape = 6

  /// The longest beginning of a text that has at most `limit` bytes after escaping, in any format.
  private static func bounded(_ text: String, _ limit: Int) -> String {
    if text.utf8.count * longestEscape <= limit { return text }
    var cost = 0
    var count = 0
    for byte in text.utf8 {
      switch byte {
      case 0..<0x20, 0x7F: cost += longestEscape
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): cost += 2
      default: cost += 1
      }
      if cost > limit { return String(decoding: text.utf8.prefix(count), as: UTF8.self) + "..." }
      count += 1
    }
    return text
  }
}
