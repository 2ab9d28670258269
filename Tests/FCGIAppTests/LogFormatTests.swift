import Core
import Foundation
import HTTPTypes
import Logging
import TestSupport
import Testing

@testable import FCGIApp

@Suite struct LogFormatTests {
  private static let time = Timestamp(seconds: 1_767_323_045, milliseconds: 67).text

  private func line(_ form: Configuration.Log.Formatter, _ message: String) -> String {
    var bytes: [UInt8] = []
    LogFormatter(form: form, fields: ["service": "registry"]).append(
      time: Self.time, level: .warning, message: message, metadata: [("http.request.id", .text("a b"))], to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func `text is logrus's`() {
    #expect(
      line(.text, "it \"failed\"")
        == #"time="2026-01-02T03:04:05.067Z" level=warning msg="it \"failed\"" service=registry http.request.id="a b""#
        + "\n")
  }

  @Test func `json and logstash have their keys`() throws {
    #expect(
      line(.json, "hello")
        == #"{"level":"warning","msg":"hello","time":"2026-01-02T03:04:05.067Z","service":"registry","http.request.id":"a b"}"#
        + "\n")
    let object = try JSONSerialization.jsonObject(with: Data(line(.logstash, "hello").utf8)) as? [String: String]
    #expect(object?["@timestamp"] == "2026-01-02T03:04:05.067Z")
    #expect(object?["@version"] == "1")
    #expect(object?["message"] == "hello")
    #expect(object?["type"] == "registry")
  }

  @Test(arguments: [
    (
      Configuration.Log.Formatter.json,
      #"{"level":"info","msg":"m","time":"2026-01-02T03:04:05.067Z","fields.level":"x","process":"worker","fields.time":"y"}"#
    ),
    (
      .logstash,
      #"{"@timestamp":"2026-01-02T03:04:05.067Z","@version":"1","level":"info","message":"m","type":"registry","#
        + #""fields.level":"x","process":"worker","time":"y"}"#
    ),
    (.text, #"time="2026-01-02T03:04:05.067Z" level=info msg="m" fields.level=x process=worker fields.time=y"#),
  ])
  func `no key is there twice`(_ form: Configuration.Log.Formatter, _ expected: String) {
    let formatter = LogFormatter(form: form, fields: ["level": "x", "process": "mine"])
    var line: [UInt8] = []
    formatter.append(
      time: Self.time, level: .info, message: "m", metadata: [("process", .text("worker")), ("time", .text("y"))],
      to: &line)
    #expect(String(decoding: line, as: UTF8.self) == expected + "\n")
  }

  @Test(arguments: Configuration.Log.Formatter.allCases)
  func `control characters don't make a second line`(form: Configuration.Log.Formatter) {
    let text = line(form, "first\nlevel=error\r\u{1B}[2J\0")
    #expect(text.utf8.filter { $0 < 0x20 } == [UInt8(ascii: "\n")])
    #expect(text.hasSuffix("\n"))
  }

  private func accessLine(
    _ form: Configuration.Log.Formatter = .text, path: String, agent: String = "curl/8", body: Response.Body = .empty
  ) -> String {
    var line: [UInt8] = []
    appendAccessLine(form, path: path, agent: agent, body: body, to: &line)
    return String(decoding: line, as: UTF8.self)
  }

  private func appendAccessLine(
    _ form: Configuration.Log.Formatter = .text, path: String, agent: String = "curl/8", body: Response.Body = .empty,
    to bytes: inout [UInt8]
  ) {
    let request = Request(
      method: .get, path: path, query: "n=1",
      fields: HTTPFields([HTTPField(name: .userAgent, value: agent), HTTPField(name: .referer, value: agent)]),
      body: MemoryBody([]), id: "abc", remoteAddress: "::1", httpVersion: "HTTP/2.0")
    let lines = AccessLines(
      LineSink(descriptor: STDERR_FILENO), LogFormatter(form: form, fields: [:]), process: [("pid", "1")])
    lines.appendLine(request, Response(.ok, body: body), .microseconds(1_234_056), time: Self.time, to: &bytes)
  }

  @Test func `the access log has the form of all lines, with milliseconds`() throws {
    #expect(
      accessLine(path: "/v2/", body: .bytes([1, 2]))
        == #"time="2026-01-02T03:04:05.067Z" level=info msg="response completed" http.request.id=abc "#
        + #"http.request.method=GET http.request.referer=curl/8 http.request.remoteaddr=::1 "#
        + #"http.request.uri="/v2/?n=1" http.request.useragent=curl/8 http.request.version=HTTP/2.0 "#
        + #"http.response.duration=1234.056ms http.response.status=200 http.response.written=2 pid=1"# + "\n")
    for form in [Configuration.Log.Formatter.json, .logstash] {
      let line = accessLine(form, path: "/v2/", body: .bytes([1, 2]))
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      #expect(object?["http.response.status"] as? Int == 200)
      #expect(object?["http.response.written"] as? Int == 2)
      #expect(object?["http.request.uri"] as? String == "/v2/?n=1")
      #expect((object?["time"] ?? object?["@timestamp"]) as? String == Self.time)
    }
  }

  @Test(arguments: Configuration.Log.Formatter.allCases)
  func `a usual line of the access log goes behind what is there, into memory that was reserved for it`(
    form: Configuration.Log.Formatter
  ) {
    let digest = "sha256:" + String(repeating: "0", count: 64)
    let agent = "containers/5.24.1 (github.com/containers/image)"
    var bytes: [UInt8] = []
    bytes.reserveCapacity(LineSink.usualLine)
    bytes += "before\n".utf8
    let memory = bytes.withUnsafeBytes { $0.baseAddress }
    appendAccessLine(form, path: "/v2/library/debian/blobs/\(digest)", agent: agent, to: &bytes)
    #expect(bytes.withUnsafeBytes { $0.baseAddress } == memory)
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 2 && lines[0] == "before")
    #expect(lines[1].contains(digest) && lines[1].contains("1234.056ms"))
  }

  @Test(arguments: Configuration.Log.Formatter.allCases)
  func `no request can forge a line of the access log`(form: Configuration.Log.Formatter) {
    let text = accessLine(form, path: "/v2/\" 200\n::1", agent: "x\"\ty")
    #expect(text.utf8.filter { $0 < 0x20 } == [UInt8(ascii: "\n")])
    #expect(text.contains(#"/v2/\" 200"#))
  }

  @Test(arguments: Configuration.Log.Formatter.allCases, ["\u{1}", "\"", "é", "x"])
  func `a line is never longer than a pipe takes whole`(form: Configuration.Log.Formatter, character: String) {
    let long = String(repeating: character, count: 10_000)
    let text = accessLine(form, path: long, agent: long)
    #expect(text.utf8.count < LineSink.atomicWrite)
    #expect(text.contains("1234.056ms") && text.hasSuffix("\n"))
  }
}
