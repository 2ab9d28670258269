import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import Core

/// Rules of access that a user writes into the API's location, or around it.
@Suite(.ownThread) struct NginxAccessTests {
  private static let digest = "sha256:" + String(repeating: "a", count: 64)

  /// Every kind of path that the API has.
  private static let targets = [
    "/v2/", "/v2/_catalog", "/v2/a/tags/list", "/v2/a/manifests/x", "/v2/a/manifests/\(digest)",
    "/v2/a/blobs/\(digest)", "/v2/a/blobs/uploads", "/v2/a/blobs/uploads/", "/v2/a/blobs/uploads/?mount=\(digest)",
    "/v2/a/blobs/uploads/0b1e?_state=x", "/v2/a/referrers/\(digest)", "/v2/a/_berth/repository",
    "/v2/a/_berth/tags/x/history", "/v2/none",
  ]

  private static let methods: [HTTPRequest.Method] = [.get, .head, .post, .patch, .put, .delete, .options]

  /// Where the lines of a rule are written.
  enum Place: String, CaseIterable, Sendable {
    case http, server, location
  }

  /// Answers as workers do: a blob is nginx's to send.
  private static func answer(_ request: FastCGIResponder.Request) -> String {
    let isBlob =
      request.parameters["REQUEST_METHOD"] == "GET" && request.parameters["REQUEST_URI"] == "/v2/a/blobs/\(digest)"
    let missing = request.parameters["HTTP_X_MISSING"] == nil ? "blob" : "missing"
    return isBlob
      ? "Status: 200 OK\r\nX-Accel-Redirect: /_berth_storage/\(missing)\r\n\r\n"
      : "Status: 200 OK\r\nContent-Type: text/plain\r\n\r\nof the worker"
  }

  private final class Site {
    let server: NginxServer
    let responder: FastCGIResponder
    let client: WireClient

    init(_ rule: String, at place: Place, rules: NginxServer.Rules = NginxServer.Rules()) throws {
      var rules = rules
      let folder = try TemporaryFolder()
      try "user:{PLAIN}secret\n".write(toFile: folder / "users", atomically: true, encoding: .utf8)
      let rule = rule.replacing("USERS", with: folder / "users")
      switch place {
      case .http: rules.http += rule
      case .server: rules.server += rule
      case .location: rules.location += rule
      }
      try FileManager.default.createDirectory(atPath: folder / "registry", withIntermediateDirectories: true)
      try Data("the content".utf8).write(to: URL(fileURLWithPath: folder / "registry/blob"))
      let configuration = try NginxServer.configuration(
        "version: 0.1\nstorage: {filesystem: {rootdirectory: \(folder / "registry")}}")
      server = try NginxServer(configuration, in: folder, rules: rules)
      responder = try FastCGIResponder(path: server.socket, answer: NginxAccessTests.answer)
      client = WireClient(port: server.port)
    }

    /// Sends every method to every kind of path.
    func everywhere(
      _ fields: HTTPFields = [:], _ body: (HTTPRequest.Method, String, TestResponse) throws -> Void
    ) async throws {
      for method in NginxAccessTests.methods {
        for target in NginxAccessTests.targets {
          let content: [UInt8] = [.put, .patch, .post].contains(method) ? Array(repeating: 7, count: 100_000) : []
          try body(method, target, try await client.send(TestRequest(method, target, fields: fields, body: content)))
        }
      }
    }
  }

  /// That nginx has refused it, in the OCI form.
  private static func expectRefused(
    _ method: HTTPRequest.Method, _ target: String, _ response: TestResponse, _ status: Int, _ code: String
  ) {
    #expect(response.status == status, "\(method) \(target)")
    #expect(response.fields[.contentType] == "application/json", "\(method) \(target)")
    if method != .head {
      #expect(response.text.hasPrefix(#"{"errors":[{"code":"\#(code)""#), "\(method) \(target): \(response.text)")
    }
  }

  private static func expectServed(_ method: HTTPRequest.Method, _ target: String, _ response: TestResponse) {
    #expect(response.status == 200, "\(method) \(target): \(response.text)")
    guard method != .head else { return }
    let isBlob = method == .get && target == "/v2/a/blobs/\(digest)"
    #expect(response.text == (isBlob ? "the content" : "of the worker"), "\(method) \(target)")
  }

  private static let credentials: HTTPFields = [.authorization: "Basic dXNlcjpzZWNyZXQ="]
  private static let basic = "auth_basic Registry; auth_basic_user_file USERS;"

  @Test(arguments: Place.allCases)
  func `addresses that are denied get nothing`(_ place: Place) async throws {
    let site = try Site("allow 192.0.2.0/24; deny all;", at: place)
    try await site.everywhere { Self.expectRefused($0, $1, $2, 403, "DENIED") }
    #expect(site.responder.requests.isEmpty)
  }

  @Test(arguments: Place.allCases, ["", "satisfy any; deny all; "])
  func `passwords are asked of every request`(_ place: Place, _ others: String) async throws {
    let site = try Site(others + Self.basic, at: place)
    try await site.everywhere { method, target, response in
      Self.expectRefused(method, target, response, 401, "UNAUTHORIZED")
      #expect(response.fields[.wwwAuthenticate] == "Basic realm=\"Registry\"")
    }
    #expect(site.responder.requests.isEmpty)
    try await site.everywhere(Self.credentials) { Self.expectServed($0, $1, $2) }
    try await expectOwnErrors(site)
  }

  @Test(arguments: ["deny all;", "auth_basic Server; auth_basic_user_file /dev/null;"])
  func `rules of the API's location are those that count, where the server has others`(_ others: String) async throws {
    let site = try Site(
      Self.basic + "allow all;", at: .location, rules: NginxServer.Rules(server: others + "\n"))
    try await site.everywhere(Self.credentials) { Self.expectServed($0, $1, $2) }
    try await site.everywhere { Self.expectRefused($0, $1, $2, 401, "UNAUTHORIZED") }
    try await expectOwnErrors(site)
  }

  @Test(arguments: [Place.server, .location])
  func `an authority is asked of every request`(_ place: Place) async throws {
    let gate = """
      location = /_gate { internal; auth_request off; if ($http_x_pass = "") { return 401; } return 204; }

      """
    let site = try Site("auth_request /_gate;", at: place, rules: NginxServer.Rules(server: gate))
    try await site.everywhere { Self.expectRefused($0, $1, $2, 401, "UNAUTHORIZED") }
    #expect(site.responder.requests.isEmpty)
    let name = try #require(HTTPField.Name("X-Pass"))
    try await site.everywhere([name: "1"]) { Self.expectServed($0, $1, $2) }
  }

  @Test func `with other rules for what only reads, anyone pulls and users push`() async throws {
    let site = try Site("limit_except GET HEAD OPTIONS { \(Self.basic) }", at: .location)
    try await site.everywhere { method, target, response in
      if [.get, .head, .options].contains(method) {
        Self.expectServed(method, target, response)
      } else {
        Self.expectRefused(method, target, response, 401, "UNAUTHORIZED")
      }
    }
    #expect(
      site.responder.requests.allSatisfy { ["GET", "HEAD", "OPTIONS"].contains($0.parameters["REQUEST_METHOD"]) })
    try await site.everywhere(Self.credentials) { Self.expectServed($0, $1, $2) }
    // A method that nginx does not know.
    let connection = try WireClient.Connection(port: site.server.port)
    try connection.write(Array("BREW /v2/a/manifests/x HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
    #expect(try connection.receive().status == 401)
  }

  @Test func `with a realm by method and path, clients that ask the base first learn that there are users`()
    async throws
  {
    let realm = """
      map "$request_method $uri" $registry_realm { default "Registry"; "~^(GET|HEAD|OPTIONS) /v2/." off; }

      """
    let site = try Site(
      "auth_basic $registry_realm; auth_basic_user_file USERS;", at: .location, rules: NginxServer.Rules(http: realm))
    try await site.everywhere { method, target, response in
      if [.get, .head, .options].contains(method), target != "/v2/" {
        Self.expectServed(method, target, response)
      } else {
        Self.expectRefused(method, target, response, 401, "UNAUTHORIZED")
      }
    }
    try await site.everywhere(Self.credentials) { Self.expectServed($0, $1, $2) }
  }

  @Test(arguments: Place.allCases)
  func `a rate is limited for every request, and counted once`(_ place: Place) async throws {
    let zone = "limit_req_zone $request_method$request_uri zone=rate:10m rate=1r/m; limit_req_status 429;\n"
    let site = try Site("limit_req zone=rate;", at: place, rules: NginxServer.Rules(http: zone))
    try await site.everywhere { Self.expectServed($0, $1, $2) }
    let before = site.responder.requests.count
    try await site.everywhere { Self.expectRefused($0, $1, $2, 429, "TOOMANYREQUESTS") }
    #expect(site.responder.requests.count == before)
  }

  @Test(arguments: Place.allCases)
  func `connections are limited for every request`(_ place: Place) async throws {
    let zone = "limit_conn_zone $server_addr zone=connections:1m;\n"
    let site = try Site("limit_conn connections 1;", at: place, rules: NginxServer.Rules(http: zone))
    let slow = try WireClient.Connection(port: site.server.port)
    try slow.write(Array("PATCH /v2/a/blobs/uploads/x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1234".utf8))
    try Eventually.holds("the slow request is under way") { site.responder.bytesReceived % 100_000 == 4 }
    try await site.everywhere { Self.expectRefused($0, $1, $2, 503, "UNAVAILABLE") }
    try slow.write(Array("56789".utf8))
    #expect(try slow.receive().status == 200)
  }

  @Test(arguments: ["on;", "optional_no_ca; if ($ssl_client_verify = NONE) { return 496; }"])
  func `client certificates are asked of every request`(_ verification: String) async throws {
    let folder = try TemporaryFolder()
    let (certificate, key) = (folder / "cert.pem", folder / "key.pem")
    try NginxConfigurationTests.makeCertificate(certificate, key: key)
    let tls = """
      ssl_certificate \(certificate); ssl_certificate_key \(key);
      ssl_client_certificate \(certificate); ssl_verify_client \(verification)
      """
    // A second listener, beside that of the tests.
    let port = try FreePort.next()
    let site = try Site("listen 127.0.0.1:\(port) ssl; \(tls)", at: .server)
    for method in Self.methods where method != .head {
      for target in [
        "/v2/", "/v2/a/manifests/x", "/v2/a/blobs/\(Self.digest)", "/v2/a/blobs/uploads/", "/v2/a/blobs/uploads/b",
      ] {
        let curl = [
          "/usr/bin/curl", "-sk", "-X", method.rawValue, "https://127.0.0.1:\(port)\(target)", "-w", " %{http_code}",
        ]
        let refused = try ChildProcess.output(curl)
        #expect(
          refused.hasPrefix(#"{"errors":[{"code":"DENIED""#) && refused.hasSuffix(" 403"),
          "\(method) \(target): \(refused)")
        let isBlob = method == .get && target.hasPrefix("/v2/a/blobs/sha256")
        let served = try ChildProcess.output(curl + ["--cert", certificate, "--key", key])
        #expect(served == (isBlob ? "the content 200" : "of the worker 200"), "\(method) \(target)")
      }
    }
    #expect(site.responder.requests.count == 6 * 5)
  }

  @Test func `a rewrite of the server's that refuses has the OCI form`() async throws {
    let site = try Site("if ($http_x_pass = \"\") { return 403; }", at: .server)
    try await site.everywhere { Self.expectRefused($0, $1, $2, 403, "DENIED") }
    let name = try #require(HTTPField.Name("X-Pass"))
    try await site.everywhere([name: "1"]) { Self.expectServed($0, $1, $2) }
  }

  @Test(arguments: Place.allCases)
  func `no rule can be got around by the locations that nginx uses itself`(_ place: Place) async throws {
    let site = try Site(Self.basic, at: place)
    for target in [
      "/_berth_storage/blob", "//_berth_storage/blob", "/v2/../_berth_storage/blob", "/_berth_error", "/@berth_error",
      "/v2/%2e%2e/_berth_storage/blob",
    ] {
      for method in Self.methods {
        let response = try await site.client.send(TestRequest(method, target))
        #expect(response.status == 404 || response.status == 401, "\(method) \(target)")
        #expect(!response.text.contains("the content"))
      }
    }
    #expect(site.responder.requests.isEmpty)
  }

  /// The errors that come after the rules are not asked once more.
  private func expectOwnErrors(_ site: Site) async throws {
    var fields = Self.credentials
    fields[try #require(HTTPField.Name("X-Missing"))] = "1"
    let missing = try await site.client.send(TestRequest(.get, "/v2/a/blobs/\(Self.digest)", fields: fields))
    Self.expectRefused(.get, "a blob that is gone", missing, 404, "BLOB_UNKNOWN")
    let range = try await site.client.send(
      TestRequest(
        .get, "/v2/a/blobs/\(Self.digest)", fields: [.authorization: "Basic dXNlcjpzZWNyZXQ=", .range: "bytes=99-"]))
    Self.expectRefused(.get, "a range outside", range, 416, "RANGE_INVALID")
  }

  @Test(arguments: [
    "/v2/private/manifests/x", "/v2/open/../private/manifests/x", "/v2/open/%2e%2e/private/manifests/x",
    "/v2/open%2f..%2fprivate/manifests/x", "/v2/%70rivate/manifests/x", "//v2/private/manifests/x",
    "/v2//private/manifests/x", "/v2/./private/manifests/x", "/v2/private/manifests/x/../../../open/manifests/x",
    "/v2/private%2fmanifests%2fx%2f..%2f..%2f..%2fopen/manifests/x", "/v2/private/manifests/x#/../../../open",
    "/v2/open#/../private/manifests/x", "/v2/open/manifests/x?/../../private", "/v2/private/manifests/x%00",
    "/v2/PRIVATE/manifests/x", "/v2/private;x/manifests/x", "/v2/open/manifests/..%2f..%2fprivate%2fmanifests%2fx",
    "/v2/open/..;/private/manifests/x", "/v2/private%252fx/manifests/x", "/v2\\private/manifests/x",
    "/v2/open/manifests/x/..", "/v2/open/manifests/%2e", "http://other.test/v2/private/manifests/x",
    "/v2/private/blobs/uploads/../../../open/blobs/uploads/", "/v2/open/tags/list/../../../private/tags/list",
  ])
  func `a rule by path holds for the path that the worker goes by`(_ target: String) async throws {
    let server = try NginxServer(rules: NginxServer.Rules(location: "add_header X-Path $uri always;"))
    let responder = try FastCGIResponder(path: server.socket) { _ in "Status: 200 OK\r\n\r\n" }
    let response = try await WireClient(port: server.port).send(.get, target)
    // Either nginx refuses it, or both see the same repository.
    guard let request = responder.requests.first else {
      #expect(response.status >= 400)
      return
    }
    let raw = try #require(request.parameters["REQUEST_URI"]).split(separator: "?", omittingEmptySubsequences: false)
    guard let route = try? Route(path: String(raw[0]), prefix: "/") else { return }
    let field = try #require(HTTPField.Name("X-Path"))
    let seen = try #require(response.fields[field])
    #expect(try Route(path: seen, prefix: "/") == route, "\(seen)")
  }
}
