import Core
import Foundation
import HTTPTypes
import Synchronization
import TestSupport
import Testing

private func name(_ text: String) throws -> HTTPField.Name { try #require(HTTPField.Name(text)) }

/// The code of the first error in an answer of the OCI form; nil for any other body.
private func code(_ response: TestResponse) -> String? {
  let object = try? JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any]
  return (object?["errors"] as? [[String: Any]])?.first?["code"] as? String
}

@Suite(.ownThread) struct NginxWithoutWorkerTests {
  private let server: NginxServer
  private let client: WireClient

  init() throws {
    server = try NginxServer()
    client = WireClient(port: server.port)
  }

  @Test(arguments: ["/v2/", "/v2/a/manifests/b", "/v2/a/blobs/uploads/", "/v2/_catalog?n=1"])
  func `a registry that is down is a 502 in the OCI form, with a time to come back`(_ target: String) async throws {
    let response = try await client.send(TestRequest(.get, target))
    #expect(response.status == 502)
    #expect(code(response) == "UNAVAILABLE")
    #expect(response.fields[.contentType] == "application/json")
    #expect(response.fields[.retryAfter] == "5")
    #expect(response.fields[try name("Docker-Distribution-API-Version")] == "registry/2.0")
    #expect(response.fields[values: try name("X-Own")] == ["value"])
    #expect(response.fields[try name("X-Request-Id")]?.isEmpty == false)
    #expect(response.fields[.server] == "nginx")
    #expect(response.fields[.allow] == nil)
  }

  @Test func `HEAD has the status and no body`() async throws {
    let response = try await client.send(TestRequest(.head, "/v2/"))
    #expect(response.status == 502)
    #expect(response.body.isEmpty)
  }

  @Test(arguments: [
    ("GET /v2/?\(String(repeating: "a", count: 40_000)) HTTP/1.1\r\nHost: x\r\n\r\n", 414, "NAME_INVALID"),
    ("GET /v2/ HTTP/1.1\r\nHost: x\r\nX: \(String(repeating: "a", count: 40_000))\r\n\r\n", 431, "UNKNOWN"),
    ("GET /v2/ HTTP/1.1\r\n\r\n", 400, "UNKNOWN"),
    ("TRACE /v2/ HTTP/1.1\r\nHost: x\r\n\r\n", 405, "UNSUPPORTED"),
    ("PUT /v2/a/blobs/uploads/b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "UNSUPPORTED"),
    ("PUT /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400, "UNKNOWN"),
    ("GET /elsewhere HTTP/1.1\r\nHost: x\r\n\r\n", 404, "NAME_UNKNOWN"),
  ])
  func `what nginx refuses has the OCI form`(_ request: String, _ status: Int, _ expected: String) throws {
    let connection = try WireClient.Connection(port: server.port)
    try connection.write(Array(request.utf8))
    let response = try connection.receive()
    #expect(response.status == status)
    #expect(code(response) == expected)
  }

  @Test(arguments: [
    // More than nginx's buffers.
    (0, 1_000, 66),
    // Less, and more than the record, where each field has `HTTP_` before its name.
    (0, 60, 950), (32_000, 27, 990), (0, 0, 7_000),
  ])
  func `a header that no worker could be given is 431, whatever makes it long`(
    _ query: Int, _ value: Int, _ count: Int
  ) throws {
    let query = String(repeating: "q", count: query)
    let value = String(repeating: "v", count: value)
    let fields = (0..<count).map { "a\($0):\(value)\n" }.joined()
    for request in ["GET /v2/?\(query)", "PATCH /v2/a/blobs/uploads/b?\(query)"] {
      let connection = try WireClient.Connection(port: server.port)
      try connection.write(Array("\(request) HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\(fields)\r\n".utf8))
      let response = try connection.receive()
      #expect(response.status == 431)
      #expect(code(response) == "UNKNOWN")
    }
  }

  @Test func `a failure of nginx itself is no fault of the header`() async throws {
    // An authority that isn't there.
    let server = try NginxServer(
      rules: NginxServer.Rules(
        server: "location = /_gate { proxy_pass http://127.0.0.1:1; }", location: "auth_request /_gate;"))
    let client = WireClient(port: server.port)
    for target in ["/v2/", "/v2/a/blobs/uploads/b"] {
      let response = try await client.send(TestRequest(.get, target, fields: [.userAgent: "x"]))
      #expect(response.status == 500)
      #expect(code(response) == "UNKNOWN")
      #expect(response.fields[.contentType] == "application/json")
    }
  }

  @Test func `long URLs with long tokens reach the worker`() async throws {
    for (query, token) in [(8_192, 16_384), (32_000, 16_384), (30_000, 30_000)] {
      let response = try await client.send(
        TestRequest(
          .get, "/v2/?\(String(repeating: "q", count: query))",
          fields: [.authorization: "Bearer \(String(repeating: "t", count: token))"]))
      #expect(response.status == 502)
    }
  }

  @Test(arguments: ["TRACE", "CONNECT"])
  func `a method that nothing has is refused with those that there are`(_ method: String) throws {
    let connection = try WireClient.Connection(port: server.port)
    try connection.write(Array("\(method) /v2/ HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
    let response = try connection.receive()
    #expect(response.status == 405)
    #expect(response.fields[values: .allow] == ["GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"])
  }

  @Test func `a long URL of many tags is fine`() async throws {
    let tags = (0..<500).map { "tag=release-candidate-of-today-\($0)" }.joined(separator: "&")
    #expect(try await client.send(TestRequest(.get, "/v2/a/manifests/b?\(tags)")).status == 502)
  }

  @Test func `the root answers load balancers, and the API without its slash leads to it`() async throws {
    #expect(try await client.send(TestRequest(.get, "/")).status == 200)
    let response = try await client.send(TestRequest(.get, "/v2"))
    #expect(response.status == 301)
    #expect(response.fields[.location] == "/v2/")
  }

  @Test(arguments: [
    "/_berth_storage/file", "//_berth_storage/file", "/./_berth_storage/file", "/v2/../_berth_storage/file",
    "/%5Fberth_storage/file", "/_berth_storage%2Ffile", "/_berth_storage//file", "/_berth_storage/./file",
    "/_berth_storage/../_berth_storage/file", "/v2/%2e%2e/_berth_storage/file", "/v2/..%2f_berth_storage/file",
    "/_berth_storage/..%2ffile", "/_BERTH_STORAGE/file", "/_berth_storage", "/_berth_storage/",
    "/_berth_storage/../file",
    "/_berth_storage;x/file", "/_berth_storage/file?x", "/_berth_storage\\file", "/_berth_error",
    "/@berth_blob_unknown",
    "http://registry.test/_berth_storage/file", "/_berth_storage/../../../../../../etc/passwd",
  ])
  func `the storage can't be reached from outside`(_ target: String) async throws {
    try Data("the content".utf8).write(to: URL(fileURLWithPath: server.root + "/file"))
    for fields: HTTPFields in [
      [:], [.range: "bytes=0-3"], [try name("X-Accel-Redirect"): "/_berth_storage/file"],
      [try name("X-Original-URI"): "/_berth_storage/file", try name("X-Rewrite-URL"): "/_berth_storage/file"],
    ] {
      for method: HTTPRequest.Method in [.get, .head, .post, .put, .delete, .options] {
        let response = try await client.send(TestRequest(method, target, fields: fields))
        #expect(response.status >= 400, "\(method) \(target): \(response.status)")
        #expect(!response.text.contains("the content") && !response.text.contains("root:"))
      }
    }
  }
}

@Suite(.ownThread) struct NginxWithWorkerTests {
  private static let digest = "sha256:" + String(repeating: "a", count: 64)

  /// Answers as a worker does, as far as nginx is concerned.
  private static func answer(_ request: FastCGIResponder.Request) -> String {
    let uri = request.parameters["REQUEST_URI"] ?? ""
    let usual = """
      Docker-Distribution-API-Version: registry/2.0\r
      X-Request-Id: \(request.parameters["REQUEST_ID"] ?? "")\r
      X-Content-Type-Options: nosniff\r
      X-Own: value\r
      X-Two: a b\r
      X-Two: c;"d\r\n
      """
    if uri.contains("/blobs/sha256:") {
      return """
        Status: 200 OK\r
        \(usual)Content-Type: application/octet-stream\r
        Docker-Content-Digest: \(digest)\r
        ETag: "\(digest)"\r
        Cache-Control: max-age=31536000\r
        X-Accel-Redirect: /_berth_storage/\(uri.contains("missing") ? "missing" : "blob")\r
        \r\n
        """
    }
    if uri.contains("/manifests/") {
      let body = #"{"errors":[{"code":"MANIFEST_INVALID","message":"of the worker"}]}"#
      return "Status: 413 Content Too Large\r\n\(usual)Content-Type: application/json\r\n\r\n\(body)"
    }
    let parameters = request.parameters.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: "\n")
    return
      "Status: 200 OK\r\n\(usual)Content-Type: text/plain\r\n\r\n\(request.bodyLength) \(request.isKept)\n\(parameters)"
  }

  private let server: NginxServer
  private let responder: FastCGIResponder
  private let client: WireClient

  init() throws {
    server = try NginxServer()
    responder = try FastCGIResponder(path: server.socket, answer: Self.answer)
    client = WireClient(port: server.port)
    try Data("0123456789".utf8).write(to: URL(fileURLWithPath: server.root + "/blob"))
  }

  @Test(arguments: [
    (HTTPRequest.Method.get, String?.none, 200, String?.some("0123456789")), (.head, nil, 200, ""),
    (.get, "bytes=2-4", 206, "234"),
    (.get, "bytes=8-", 206, "89"), (.get, "bytes=-1", 206, "9"), (.get, "bytes=10-", 416, nil),
  ])
  func `a blob is sent by nginx with all that the worker said, once`(
    _ method: HTTPRequest.Method, _ range: String?, _ status: Int, _ body: String?
  ) async throws {
    var fields: HTTPFields = [.ifModifiedSince: "Fri, 01 Jan 2100 00:00:00 GMT"]
    fields[.range] = range
    let response = try await client.send(TestRequest(method, "/v2/a/blobs/\(Self.digest)", fields: fields))
    #expect(response.status == status)
    if let body { #expect(response.text == body) }
    #expect(response.fields[values: try name("Docker-Content-Digest")] == [Self.digest])
    #expect(response.fields[values: try name("Docker-Distribution-API-Version")] == ["registry/2.0"])
    #expect(response.fields[values: try name("X-Request-Id")].count == 1)
    #expect(response.fields[values: try name("X-Content-Type-Options")] == ["nosniff"])
    #expect(response.fields[values: try name("X-Own")] == ["value"])
    #expect(response.fields[values: try name("X-Two")] == ["a b", "c;\"d"])
    #expect(response.fields[.lastModified] == nil)
    #expect(response.fields[try name("X-Accel-Redirect")] == nil)
    if status == 416 {
      #expect(code(response) == "RANGE_INVALID")
      #expect(response.fields[.contentType] == "application/json")
      #expect(response.fields[.contentRange] == "bytes */10")
    } else {
      #expect(response.fields[values: .eTag] == ["\"\(Self.digest)\""])
      #expect(response.fields[values: .contentType] == ["application/octet-stream"])
      #expect(response.fields[values: .cacheControl] == ["max-age=31536000"])
    }
    if status == 200 {
      #expect(response.fields[values: .acceptRanges] == ["bytes"])
      #expect(response.fields[.contentLength] == "10")
    }
  }

  @Test func `a condition that nginx finds unmet is refused in the OCI form`() async throws {
    let response = try await client.send(
      TestRequest(
        .get, "/v2/a/blobs/\(Self.digest)", fields: [.ifUnmodifiedSince: "Thu, 01 Jan 2015 00:00:00 GMT"]))
    #expect(response.status == 412)
    #expect(code(response) == "UNKNOWN")
    #expect(response.fields[.contentType] == "application/json")
  }

  @Test func `a blob whose file is gone is unknown, and not for caches to keep`() async throws {
    let response = try await client.send(TestRequest(.get, "/v2/missing/blobs/\(Self.digest)"))
    #expect(response.status == 404)
    #expect(code(response) == "BLOB_UNKNOWN")
    #expect(response.fields[values: .cacheControl].contains("no-store"))
    #expect(response.fields[values: try name("Docker-Distribution-API-Version")] == ["registry/2.0"])
  }

  @Test func `an error of the worker passes unchanged`() async throws {
    let response = try await client.send(TestRequest(.put, "/v2/a/manifests/b", body: [1]))
    #expect(response.status == 413)
    #expect(response.text.contains("of the worker"))
    #expect(response.fields[values: try name("X-Own")] == ["value"])
  }

  @Test func `the worker sees the request as it was sent`() async throws {
    let target = "/v2/a%2Fb/../tags//list?n=1&last=%20"
    let response = try await client.send(
      TestRequest(.get, target, fields: [try name("Proxy"): "http://evil.test", .accept: "a/b"]))
    let lines = Set(response.text.split(separator: "\n").map(String.init))
    #expect(
      lines.isSuperset(of: [
        "REQUEST_METHOD=GET", "REQUEST_URI=\(target)", "REQUEST_SCHEME=http", "REMOTE_ADDR=127.0.0.1",
        "SERVER_PROTOCOL=HTTP/1.1", "HTTP_HOST=registry.test", "HTTP_ACCEPT=a/b",
      ]))
    #expect(!lines.contains { $0.hasPrefix("HTTP_PROXY") })
    #expect(response.fields[try name("X-Request-Id")].map { lines.contains("REQUEST_ID=\($0)") } == true)
  }

  @Test(arguments: [
    (HTTPRequest.Method.get, 0, true), (.options, 0, true), (.post, 0, true), (.post, 10, false), (.put, 0, false),
    (.put, 10, false), (.patch, 10, false), (.delete, 0, false),
  ])
  func `kept connections are for what only reads, and for POST without a body`(
    _ method: HTTPRequest.Method, _ length: Int, _ isKept: Bool
  ) async throws {
    let body = [UInt8](repeating: 7, count: length)
    for target in ["/v2/", "/v2/a/tags/list", "/v2/a/blobs/uploads/", "/v2/a/b/blobs/uploads/x?y=z"] {
      for _ in 1...20 { #expect(try await client.send(TestRequest(method, target, body: body)).status == 200) }
    }
    #expect(responder.requests.contains { $0.number > 1 } == isKept)
  }

  @Test(arguments: [true, false])
  func `an upload reaches the worker as it arrives, and nginx's disk never`(_ isChunked: Bool) throws {
    let connection = try WireClient.Connection(port: server.port)
    let piece = [UInt8](repeating: 7, count: 1 << 20)
    let (count, head): (Int, String)
    if isChunked {
      (count, head) = (8, "Transfer-Encoding: chunked")
    } else {
      (count, head) = (8, "Content-Length: \(8 * piece.count)")
    }
    try connection.write(Array("PATCH /v2/a/blobs/uploads/x HTTP/1.1\r\nHost: x\r\n\(head)\r\n\r\n".utf8))
    for index in 1...count {
      if isChunked { try connection.write(Array("\(String(piece.count, radix: 16))\r\n".utf8)) }
      try connection.write(piece)
      if isChunked { try connection.write(Array("\r\n".utf8)) }
      // All but what is on its way in buffers is there before the next piece is sent.
      let deadline = ContinuousClock.now + .seconds(120)
      while responder.bytesReceived < index * piece.count - (512 << 10), ContinuousClock.now < deadline {
        usleep(1_000)
      }
      try #require(responder.bytesReceived >= index * piece.count - (512 << 10))
      for folder in ["client_temp", "fastcgi_temp"] {
        #expect(try FileManager.default.contentsOfDirectory(atPath: server.folder / folder).isEmpty)
      }
    }
    if isChunked { try connection.write(Array("0\r\n\r\n".utf8)) }
    #expect(try connection.receive().text.hasPrefix("\(count * piece.count) true\n"))
  }
}

@Suite(.ownThread) struct NginxPrefixTests {
  @Test func `an error keeps its status and form, however large the body that met it`() async throws {
    let server = try NginxServer(extra: "prefix: /")
    let connection = try WireClient.Connection(port: server.port)
    try connection.write(
      Array("PATCH /v2/a/blobs/uploads/x HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n".utf8))
    let answer = try connection.receive()
    #expect(answer.status == 502)
    #expect(answer.fields[.contentType] == "application/json")
    #expect(answer.text.contains("UNAVAILABLE"))
  }

  @Test func `everything lies under the prefix`() async throws {
    let server = try NginxServer(extra: "prefix: /my.registry/")
    let client = WireClient(port: server.port)
    #expect(try await client.send(TestRequest(.get, "/my.registry/v2/")).status == 502)
    #expect(try await client.send(TestRequest(.get, "/myxregistry/v2/")).status == 404)
    #expect(try await client.send(TestRequest(.get, "/v2/")).status == 404)
  }
}
