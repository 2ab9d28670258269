import Core
import Glibc
import HTTPTypes
import NIOConcurrencyHelpers

/// The access log: Apache's combined form, as docker/distribution prints it, and behind it the request's id and how
/// long it took.
final class CombinedLog: AccessLogSink {
  private let sink: LineSink
  private let clock = NIOLockedValueBox((seconds: 0, text: ""))

  init(_ sink: LineSink) {
    self.sink = sink
  }

  func record(_ request: Request, _ response: Response, _ duration: Duration) {
    let time = currentTime()
    sink.write { Self.append(request, response, duration, time: time, &$0) }
  }

  /// Formatting the time costs more than the rest, so it is done once a second.
  private func currentTime() -> String {
    let now = Timestamp.now
    return clock.withLockedValue { clock in
      if clock.seconds != now.seconds { clock = (now.seconds, now.commonLog) }
      return clock.text
    }
  }

  /// Appends a line. No field is longer than leaves the line shorter than ``LineSink/atomicWrite``.
  static func append(
    _ request: Request, _ response: Response, _ duration: Duration, time: String, _ bytes: inout [UInt8]
  ) {
    append(request.remoteAddress.isEmpty ? "-" : request.remoteAddress, 46, &bytes)
    bytes += " - - [".utf8
    bytes += time.utf8
    bytes += "] \"".utf8
    append(request.method.rawValue, 20, &bytes)
    bytes.append(UInt8(ascii: " "))
    append(request.path, 440, &bytes)
    if !request.query.isEmpty {
      bytes.append(UInt8(ascii: "?"))
      append(request.query, 180, &bytes)
    }
    bytes.append(UInt8(ascii: " "))
    append(request.httpVersion, 12, &bytes)
    bytes += "\" ".utf8
    bytes += String(response.status.code).utf8
    bytes.append(UInt8(ascii: " "))
    bytes += String(size(response, request.method)).utf8
    bytes += " \"".utf8
    append(request.fields[.referer] ?? "", 64, &bytes)
    bytes += "\" \"".utf8
    append(request.fields[.userAgent] ?? "", 128, &bytes)
    bytes += "\" ".utf8
    bytes += request.id.utf8
    bytes.append(UInt8(ascii: " "))
    let microseconds = duration.components.attoseconds / 1_000_000_000_000
    bytes += "\(duration.components.seconds).".utf8
    let digits = Array(String(microseconds).utf8)
    bytes += repeatElement(UInt8(ascii: "0"), count: 6 - digits.count)
    bytes += digits
    bytes.append(UInt8(ascii: "\n"))
  }

  /// Bytes that the worker itself sent; nginx's log counts those that it sent for it.
  private static func size(_ response: Response, _ method: HTTPRequest.Method) -> Int64 {
    if method == .head { return 0 }
    return switch response.body {
    case .empty: 0
    case .bytes(let bytes): Int64(bytes.count)
    case .file(_, let length): length
    }
  }

  private static func append(_ text: String, _ limit: Int, _ bytes: inout [UInt8]) {
    TextEscaping.appendEscaped(text.utf8.prefix(limit), &bytes)
    if text.utf8.count > limit { bytes += "...".utf8 }
  }
}
