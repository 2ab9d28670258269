import Core
import HTTPTypes
import Testing

@testable import FCGIApp

@Suite struct RequestParametersTests {
  @Test func `parameters become a request`() throws {
    let harness = try PoolHarness { request in
      let fields = request.fields
      let lines: [String?] = [
        request.method.rawValue, request.path, request.query, request.scheme, request.remoteAddress, request.id,
        request.httpVersion, request.contentLength.map { "\($0)" }, fields[.accept], fields[.contentType],
        fields[.ifNoneMatch], fields[.userAgent],
      ]
      return .text(lines.map { $0 ?? "-" }.joined(separator: "\n"))
    }
    let answer = try harness.connect().exchange(
      "PUT", "/v2/a%2Fb//?x=1?y",
      parameters: [
        ("REQUEST_SCHEME", "https"), ("REMOTE_ADDR", "::1"), ("REQUEST_ID", "r-1"), ("SERVER_PROTOCOL", "HTTP/2.0"),
        ("CONTENT_TYPE", "text/plain"), ("HTTP_ACCEPT", "a/b"), ("HTTP_ACCEPT", "c/d"), ("HTTP_ACCEPTED", "no"),
        ("HTTP_IF_NONE_MATCH", "\"x=y\""),
      ], body: [1, 2])
    #expect(
      answer.text == """
        PUT
        /v2/a%2Fb//
        x=1?y
        https
        ::1
        r-1
        HTTP/2.0
        2
        a/b, c/d
        text/plain
        "x=y"
        -
        """)
  }

  @Test(arguments: ["-1", "1x", "99999999999999999999", "+1", " 1"])
  func `a length that is none is refused`(length: String) throws {
    let harness = try PoolHarness { _ in .text("") }
    let connection = try harness.connect()
    try connection.write(
      FastCGIConnection.begin("PUT", parameters: [("CONTENT_LENGTH", length)]) + FastCGIConnection.endOfBody)
    let answer = try connection.answer()
    #expect(answer.status == 400)
    #expect(answer.text.contains("UNSUPPORTED"))
  }

  /// As large as the one record that nginx has for all of them.
  @Test func `a large parameter is read whole`() throws {
    let harness = try PoolHarness { .text("\($0.fields[.userAgent]?.utf8.count ?? 0)") }
    let connection = try harness.connect()
    let agent = String(repeating: "x", count: 60 << 10)
    for _ in 0..<2 {
      #expect(try connection.exchange(parameters: [("HTTP_USER_AGENT", agent)]).text == "\(60 << 10)")
    }
  }
}
