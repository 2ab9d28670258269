import Core
import Foundation
import HTTPTypes
import Logging
import TestSupport
import Testing

@testable import FCGIApp

@Suite struct LogFormatTests {
  private static let time = Timestamp(seconds: 1_767_323_045)

  private func line(_ form: Configuration.Log.Formatter, _ message: String) -> String {
    String(
      decoding: LogFormatter(form: form, fields: ["service": "registry"]).line(
        time: Self.time, level: .warning, message: message, metadata: [("http.request.id", "a b")]), as: UTF8.self)
  }

  @Test func `text is logrus's`() {
    #expect(
      line(.text, "it \"failed\"")
        == #"time="2026-01-02T03:04:05Z" level=warning msg="it \"failed\"" service=registry http.request.id="a b""#
        + "\n")
  }

  @Test func `json and logstash have their keys`() throws {
    #expect(
      line(.json, "hello")
        == #"{"level":"warning","msg":"hello","time":"2026-01-02T03:04:05Z","service":"registry","http.request.id":"a b"}"#
        + "\n")
    let object = try JSONSerialization.jsonObject(with: Data(line(.logstash, "hello").utf8)) as? [String: String]
    #expect(object?["@timestamp"] == "2026-01-02T03:04:05Z")
    #expect(object?["@version"] == "1")
    #expect(object?["message"] == "hello")
    #expect(object?["type"] == "registry")
  }

  @Test(arguments: [
    (
      Configuration.Log.Formatter.json,
      #"{"level":"info","msg":"m","time":"2026-01-02T03:04:05Z","fields.level":"x","process":"worker","fields.time":"y"}"#
    ),
    (
      .logstash,
      #"{"@timestamp":"2026-01-02T03:04:05Z","@version":"1","level":"info","message":"m","type":"registry","#
        + #""fields.level":"x","process":"worker","time":"y"}"#
    ),
    (.text, #"time="2026-01-02T03:04:05Z" level=info msg="m" fields.level=x process=worker fields.time=y"#),
  ])
  func `no key is there twice`(_ form: Configuration.Log.Formatter, _ expected: String) {
    let formatter = LogFormatter(form: form, fields: ["level": "x", "process": "mine"])
    let line = formatter.line(
      time: Self.time, level: .info, message: "m", metadata: [("process", "worker"), ("time", "y")])
    #expect(String(decoding: line, as: UTF8.self) == expected + "\n")
  }

  @Test(arguments: Configuration.Log.Formatter.allCases)
  func `control characters don't make a second line`(form: Configuration.Log.Formatter) {
    let text = line(form, "first\nlevel=error\r\u{1B}[2J\0")
    #expect(text.utf8.filter { $0 < 0x20 } == [UInt8(ascii: "\n")])
    #expect(text.hasSuffix("\n"))
  }

  private func accessLine(path: String, agent: String = "curl/8", body: Response.Body = .empty) -> String {
    let request = Request(
      method: .get, path: path, query: "n=1", fields: HTTPFields([HTTPField(name: .userAgent, value: agent)]),
      body: MemoryBody([]), id: "abc", remoteAddress: "::1", httpVersion: "HTTP/2.0")
    var bytes: [UInt8] = []
    CombinedLog.append(
      request, Response(.ok, body: body), .milliseconds(1234), time: "02/Jan/2026:03:04:05 +0000", &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func `the access log has Apache's combined form, the request's id and its duration`() {
    #expect(
      accessLine(path: "/v2/", body: .bytes([1, 2]))
        == #"::1 - - [02/Jan/2026:03:04:05 +0000] "GET /v2/?n=1 HTTP/2.0" 200 2 "" "curl/8" abc 1.234000"# + "\n")
  }

  @Test func `nobody can forge a line of the access log`() {
    let text = accessLine(path: "/v2/\" 200\n::1", agent: "x\"\ty")
    #expect(text.utf8.filter { $0 < 0x20 } == [UInt8(ascii: "\n")])
    #expect(text.contains(#"GET /v2/\" 200\n::1?n=1"#))
  }

  @Test func `a line is never longer than a pipe takes whole`() {
    let long = String(repeating: "\u{1}", count: 10_000)
    let text = accessLine(path: long, agent: long)
    #expect(text.utf8.count < LineSink.atomicWrite)
    #expect(text.hasSuffix(" abc 1.234000\n"))
  }
}
