import Foundation
import HTTPTypes
import Synchronization
import TestSupport
import Testing

@testable import Core
@testable import FCGIApp

private func name(_ text: String) throws -> HTTPField.Name { try #require(HTTPField.Name(text)) }

/// A registry whose nginx fetches blobs from a bucket.
private func configuration(
  at endpoint: String = "http://127.0.0.1:7480",
  _ change: (inout Configuration, inout Configuration.S3) -> Void = { _, _ in }
) -> Configuration {
  var configuration = Configuration()
  var s3 = Configuration.S3()
  (s3.region, s3.regionEndpoint, s3.bucket, s3.forcePathStyle) = ("us-east-1", endpoint, "images", true)
  configuration.storage.redirectDisabled = true
  configuration.http.address = .tcp(host: "127.0.0.1", port: 5000)
  change(&configuration, &s3)
  configuration.storage.driver = .s3(s3)
  return configuration
}

private func text(_ configuration: Configuration) throws -> String {
  try NginxConfiguration(configuration: configuration).text(.complete)
}

@Suite(.ownThread) struct NginxObjectStoreConfigurationTests {
  private static let amazon = configuration { _, s3 in
    (s3.regionEndpoint, s3.region, s3.forcePathStyle) = ("", "eu-west-1", false)
  }

  private static let cached = configuration { configuration, _ in
    var cache = Configuration.BlobCache()
    (cache.path, cache.size) = (NSTemporaryDirectory() + "berth cache", ByteSize(50 << 30))
    configuration.fastcgi.blobCache = cache
  }

  @Test(arguments: [
    (
      configuration(),
      ["server 127.0.0.1:7480;", "proxy_pass http://berth_objects$berth_object;", "Host 127.0.0.1:7480;"],
      ["proxy_ssl", "resolver_timeout", "proxy_cache", "slice"]
    ),
    (
      configuration(at: "https://[::1]:7480") { _, s3 in s3.skipVerify = true },
      ["server [::1]:7480;", "proxy_pass https://berth_objects", "proxy_ssl_verify off;"], ["proxy_ssl_trusted"]
    ),
    (
      configuration { configuration, s3 in
        (s3.regionEndpoint, s3.region, s3.forcePathStyle) = ("", "eu-west-1", false)
        configuration.fastcgi.resolver = ["10.0.0.2", "[fd00::2]:53"]
      },
      [
        "resolver 10.0.0.2 [fd00::2]:53;", "proxy_pass https://images.s3.eu-west-1.amazonaws.com$berth_object;",
        "proxy_ssl_name images.s3.eu-west-1.amazonaws.com;", "proxy_ssl_verify on;",
        "Host images.s3.eu-west-1.amazonaws.com;",
      ], ["upstream berth_objects"]
    ),
    (
      cached, ["max_size=50g", "slice 4m;", "proxy_cache_key \"$uri $slice_range $berth_last_piece\";"],
      ["Range $berth_range"]
    ),
  ])
  func `nginx goes where the storage is`(
    _ configuration: Configuration, _ expected: [String], _ absent: [String]
  ) throws {
    let text = try text(configuration)
    for line in expected { #expect(text.contains(line), "\(line)") }
    for line in absent { #expect(!text.contains(line), "\(line)") }
    let folder = try TemporaryFolder()
    try text.write(toFile: folder / "nginx.conf", atomically: true, encoding: .utf8)
    _ = try ChildProcess.output(["/usr/sbin/nginx", "-t", "-q", "-p", folder.path, "-c", folder / "nginx.conf"])
  }

  @Test func `without a resolver, Amazon's name is looked up when nginx starts`() throws {
    #expect(try text(Self.amazon).contains("server images.s3.eu-west-1.amazonaws.com:443;"))
  }

  @Test(arguments: [
    configuration { configuration, _ in configuration.storage.redirectDisabled = false },
    configuration { configuration, _ in configuration.fastcgi.accelPrefix = "" },
  ])
  func `where clients are sent to the store, or workers fetch, nginx does not`(_ configuration: Configuration) throws {
    let text = try text(configuration)
    #expect(!text.contains("berth_objects") && !text.contains("_berth_storage"))
  }

  @Test func `a field of several values is added with all of them`() throws {
    let name = try name("X-Two")
    let text = try text(
      configuration { configuration, _ in
        for value in ["a b", "c"] { configuration.http.headers.append(HTTPField(name: name, value: value)) }
      })
    let location = try #require(text.split(separator: "location ").first { $0.hasPrefix("^~") })
    #expect(location.contains("add_header X-Two \"a b\" always;") && location.contains("add_header X-Two c always;"))
    #expect(!text.contains("x_two"))
  }

  @Test func `an endpoint that is none is an error`() {
    #expect(throws: NginxError.self) { try text(configuration(at: "http://a/b")) }
  }
}

/// nginx before an object store, and a worker that lets through whoever has a token.
@Suite(.ownThread) struct NginxObjectStoreTests {
  private static let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
  private static let digest = "sha256:" + String(repeating: "a", count: 64)
  private static let target = "/v2/a/blobs/" + digest
  private static let slice: Int64 = 64 << 10

  /// A bucket behind a proxy, nginx before it, and a worker.
  private final class Site: Sendable {
    let proxy: FaultProxy
    let client: WireClient
    let server: NginxServer
    private let responder: FastCGIResponder

    /// - Parameters:
    ///   - store: where a bucket is made with the blob in it.
    ///   - isCached: whether nginx keeps what it fetches, in pieces of 64 KiB.
    init(_ store: ObjectStore, isCached: Bool) throws {
      let bucket = try store.newBucket()
      try store.put(NginxObjectStoreTests.content, bucket: bucket, key: "docker/a+b c/data")
      let proxy = try FaultProxy(to: store.port)
      let url = try store.presignedURL(bucket: bucket, key: "docker/a+b c/data", port: proxy.port)
      let missing = try store.presignedURL(bucket: bucket, key: "docker/none", port: proxy.port)
      let folder = try TemporaryFolder()
      server = try NginxServer(
        configuration(at: proxy.endpoint) { configuration, s3 in
          s3.bucket = bucket
          configuration.http.headers.append(HTTPField(name: .xContentTypeOptions, value: "nosniff"))
          guard isCached else { return }
          var cache = Configuration.BlobCache()
          (cache.path, cache.slice) = (folder.path + "/cache", ByteSize(NginxObjectStoreTests.slice))
          configuration.fastcgi.blobCache = cache
        }, in: folder)
      responder = try FastCGIResponder(path: server.socket) { request in
        let isThere = request.parameters["REQUEST_URI"] == NginxObjectStoreTests.target
        let target = (isThere ? url : missing).dropFirst(proxy.endpoint.count)
        return NginxObjectStoreTests.answer(request, String(target))
      }
      client = WireClient(port: server.port)
      self.proxy = proxy
    }

    deinit {
      proxy.stop()
    }

    func get(_ fields: HTTPFields = [:], _ target: String = NginxObjectStoreTests.target) async throws -> TestResponse {
      var fields = fields
      if fields[.authorization] == nil { fields[.authorization] = "Bearer token" }
      return try await client.send(TestRequest(.get, target, fields: fields))
    }
  }

  /// As a worker answers: see `BlobHandler.forward`.
  private static func answer(_ request: FastCGIResponder.Request, _ target: String) -> String {
    guard request.parameters["HTTP_AUTHORIZATION"] == "Bearer token" else {
      return "Status: 401 Unauthorized\r\nContent-Type: application/json\r\n\r\n{}"
    }
    let range = request.parameters["HTTP_X_WORKER_RANGE"].map { "X-Berth-Range: \($0)\r\n" } ?? ""
    let named = target.contains("none") ? "sha256:" + String(repeating: "b", count: 64) : digest
    return """
      Status: 200 OK\r
      Docker-Distribution-API-Version: registry/2.0\r
      X-Request-Id: \(request.parameters["REQUEST_ID"] ?? "")\r
      X-Content-Type-Options: nosniff\r
      Content-Type: application/octet-stream\r
      Docker-Content-Digest: \(digest)\r
      ETag: "\(digest)"\r
      Cache-Control: max-age=31536000\r
      X-Berth-Object: \(target)\r
      X-Berth-Last-Piece: \(BlobHandler.lastPiece(of: Int64(content.count), in: slice))\r
      \(range)X-Accel-Redirect: /_berth_storage/\(named)\r
      \r\n
      """
  }

  private static let stores: [(String, Bool)] = [
    ("radosgw", false), ("radosgw", true), ("moto", false), ("moto", true),
  ]

  private static func site(_ name: String, _ isCached: Bool) throws -> Site {
    try Site(name == "moto" ? MotoServer.shared.get().store : RadosGateway.shared.get().store, isCached: isCached)
  }

  private func expectOurs(_ response: TestResponse) throws {
    #expect(response.fields[values: .eTag] == ["\"\(Self.digest)\""])
    #expect(response.fields[values: .contentType] == ["application/octet-stream"])
    #expect(response.fields[values: .cacheControl] == ["max-age=31536000"])
    #expect(response.fields[values: try name("Docker-Content-Digest")] == [Self.digest])
    #expect(response.fields[values: try name("Docker-Distribution-API-Version")] == ["registry/2.0"])
    #expect(response.fields[values: try name("X-Request-Id")].count == 1)
    #expect(response.fields[values: try name("X-Content-Type-Options")] == ["nosniff"])
    #expect(response.fields[.server] == "nginx")
    let usual = [
      "server", "date", "content-type", "content-length", "connection", "etag", "cache-control", "accept-ranges",
      "content-range", "docker-content-digest", "docker-distribution-api-version", "x-request-id",
      "x-content-type-options",
    ]
    let names = Set(response.fields.map(\.name.canonicalName))
    #expect(names.subtracting(usual).isEmpty, "\(names.subtracting(usual))")
  }

  @Test(arguments: stores)
  func `a blob comes from the store with all that the worker said, and nothing of the store's`(
    _ store: String, _ isCached: Bool
  ) async throws {
    let site = try Self.site(store, isCached)
    let response = try await site.get([
      .cookie: "a=b", .ifModifiedSince: "Fri, 01 Jan 2100 00:00:00 GMT", .ifNoneMatch: "\"x\"",
      try name("X-Accel-Redirect"): "/elsewhere", try name("X-Berth-Object"): "/elsewhere",
    ])
    #expect(response.status == 200)
    #expect(response.body == Self.content)
    try expectOurs(response)
    #expect(response.fields[values: .acceptRanges] == ["bytes"])
    #expect(response.fields[.contentLength] == "\(Self.content.count)")
    // The store hears of the client nothing at all.
    let sent = Set(site.proxy.requests.flatMap(\.lines).compactMap { $0.split(separator: ":").first?.lowercased() })
    let headers = sent.filter { !$0.hasPrefix("get ") }
    #expect(headers == (isCached ? ["host", "range"] : ["host"]))
  }

  @Test(arguments: stores)
  func `a part of a blob is asked for as a part`(_ store: String, _ isCached: Bool) async throws {
    let site = try Self.site(store, isCached)
    let size = Self.content.count
    for (asked, part) in [
      ("bytes=2-4", 2..<5), ("bytes=70000-200000", 70_000..<200_001), ("bytes=299999-", 299_999..<size),
      ("bytes=-5", size - 5..<size), ("bytes=0-0", 0..<1), ("bytes=65535-65536", 65_535..<65_537),
    ] {
      let range = "bytes=\(part.lowerBound)-\(part.upperBound - 1)"
      let response = try await site.get([.range: asked, try name("X-Worker-Range"): range])
      #expect(response.status == 206)
      #expect(response.body == Array(Self.content[part]), "\(asked)")
      #expect(response.fields[values: .contentRange] == ["bytes \(range.dropFirst(6))/\(size)"])
      try expectOurs(response)
    }
    // The worker names no range: several at once, or If-Range with another tag than ours.
    for fields: HTTPFields in [[.range: "bytes=0-1,5-6"], [.range: "bytes=0-1", .ifRange: "\"other\""]] {
      let response = try await site.get(fields)
      #expect(response.status == 200)
      #expect(response.body == Self.content)
    }
    let unchanged = try await site.get([
      .range: "bytes=0-1", .ifRange: "\"\(Self.digest)\"", try name("X-Worker-Range"): "bytes=0-1",
    ])
    #expect(unchanged.status == 206)
  }

  @Test(arguments: [false, true])
  func `errors of the store are the registry's own`(_ isCached: Bool) async throws {
    let site = try Self.site("radosgw", isCached)
    func expect(_ status: Int, _ code: String, _ target: String = Self.target) async throws {
      let response = try await site.get([:], target)
      #expect(response.status == status)
      #expect(response.text.hasPrefix(#"{"errors":[{"code":"\#(code)""#), "\(response.text)")
      #expect(response.fields[values: .contentType] == ["application/json"])
      #expect(response.fields[values: .cacheControl].contains("no-store"))
      #expect(response.fields[.eTag] == nil)
      #expect((response.fields[.retryAfter] != nil) == (status == 503))
    }
    try await expect(404, "BLOB_UNKNOWN", "/v2/missing/blobs/" + Self.digest)
    for (status, code) in [
      (403, "AccessDenied"), (500, "InternalError"), (503, "SlowDown"), (400, "ExpiredToken"), (301, "Moved"),
    ] {
      site.proxy.order(.error(status: status, code: code))
      try await expect(503, "UNAVAILABLE")
      site.proxy.reset()
    }
    site.proxy.order(.reset)
    try await expect(503, "UNAVAILABLE")
    site.proxy.reset()
    // None of them has been kept.
    #expect(try await site.get().body == Self.content)
  }

  @Test(arguments: [false, true])
  func `a broken answer of the store is not made to look complete`(_ isCached: Bool) async throws {
    let site = try Self.site("radosgw", isCached)
    site.proxy.order(.truncate(after: 1000))
    await #expect(throws: (any Error).self) { try await site.get() }
    site.proxy.reset()
    #expect(try await site.get().body == Self.content)
  }

  /// Answers of a store to the second of the pieces, and to the last one, that are not those pieces.
  private static let wrong: [(Range<Int>, FaultProxy.Fault)] = [65_536..<131_072, 262_144..<300_000].flatMap { piece in
    let bytes = Array(content[piece])
    func partial(_ range: String, _ length: Int, _ body: [UInt8]) -> FaultProxy.Fault {
      .answer(
        head: ["206 Partial Content", "Content-Range: bytes \(range)", "Content-Length: \(length)"], body: body)
    }
    let named = "\(piece.lowerBound)-\(piece.upperBound - 1)"
    let faults: [FaultProxy.Fault] = [
      .errorInside200, .slowDown, .truncate(after: 1000),
      .answer(head: ["200 OK", "Content-Length: \(bytes.count)"], body: bytes.map { ~$0 }),
      // Less than the range that it names.
      partial("\(named)/300000", 1000, Array(bytes.prefix(1000))),
      // Other ranges and sizes.
      partial("\(piece.lowerBound)-\(piece.lowerBound + 999)/300000", 1000, Array(bytes.prefix(1000))),
      partial("0-65535/300000", 65_536, Array(content[..<65_536])),
      partial("\(named)/400000", bytes.count, bytes), partial("\(named)/*", bytes.count, bytes),
      .answer(head: ["206 Partial Content", "Content-Length: \(bytes.count)"], body: bytes),
    ]
    return faults.map { (piece, $0) }
  }

  @Test func `what is not the piece that was asked for is neither kept nor made to look complete`() async throws {
    for (piece, fault) in Self.wrong {
      let site = try Self.site("radosgw", true)
      // The pieces before it are fetched, and kept.
      site.proxy.order(fault, .number(Int(Int64(piece.lowerBound) / Self.slice) + 1))
      let answer = try? await site.get()
      #expect(answer == nil || answer?.body == Self.content, "\(fault): \(answer?.status ?? 0)")
      site.proxy.reset()
      #expect(try await site.get().body == Self.content, "\(fault)")
      #expect((1...5).contains(site.proxy.count()), "\(fault)")
      site.proxy.reset()
      #expect(try await site.get().body == Self.content)
      #expect(site.proxy.count() == 0)
    }
  }

  @Test func `a first piece that is wrong is not kept`() async throws {
    for total in ["300000", "65536", "400000"] {
      for (range, length) in [("0-65535", 65_536), ("0-999", 1000), ("1-65536", 65_536), ("0-65535", 1000)] {
        guard (range, length, total) != ("0-65535", 65_536, "300000") else { continue }
        let site = try Self.site("radosgw", true)
        let body = Array(repeating: UInt8(1), count: length)
        site.proxy.order(
          .answer(
            head: ["206 Partial Content", "Content-Range: bytes \(range)/\(total)", "Content-Length: \(length)"],
            body: body), .number(1))
        let answer = try? await site.get()
        // By a size that is consistent nginx lets itself be deceived, once.
        #expect(answer == nil || total == "65536", "\(range)/\(total), \(length)")
        site.proxy.reset()
        #expect(try await site.get().body == Self.content)
      }
    }
    for fault in [FaultProxy.Fault.errorInside200, .truncate(after: 1000), .slowDown] {
      let site = try Self.site("radosgw", true)
      site.proxy.order(fault, .number(1))
      _ = try? await site.get()
      site.proxy.reset()
      #expect(try await site.get().body == Self.content)
      #expect(site.proxy.count() == 5)
    }
  }

  @Test func `a store that is down is 503, with a time to come back`() async throws {
    let site = try Self.site("radosgw", false)
    site.proxy.stop()
    try Eventually.holds("the proxy is gone") { (try? WireClient.Connection(port: site.proxy.port)) == nil }
    let response = try await site.get()
    #expect(response.status == 503)
    #expect(response.fields[.retryAfter] == "5")
  }

  @Test func `pieces that are kept are fetched once, whatever range they are part of`() async throws {
    let site = try Self.site("radosgw", true)
    #expect(try await site.get().body == Self.content)
    #expect(site.proxy.count() == 5)
    for range in ["bytes=1-2", "bytes=100000-250000", "bytes=-1"] {
      let response = try await site.get([.range: range])
      #expect(response.status == 206)
      try expectOurs(response)
    }
    let again = try await site.get()
    #expect(again.body == Self.content)
    try expectOurs(again)
    #expect(again.fields[values: .acceptRanges] == ["bytes"])
    #expect(site.proxy.count() == 5)
    // Also where the store is down.
    site.proxy.order(.reset)
    #expect(try await site.get().body == Self.content)
  }

  @Test func `what is kept is for those alone whom the worker lets through`() async throws {
    let site = try Self.site("radosgw", true)
    #expect(try await site.get().status == 200)
    #expect(try await site.get([.authorization: "Bearer other"]).status == 401)
    for prefix in ["/_berth_storage/", "//_berth_storage/", "/v2/../_berth_storage/"] {
      let target = prefix + Self.digest
      for fields: HTTPFields in [[:], [try name("X-Accel-Redirect"): "/_berth_storage/" + Self.digest]] {
        let response = try await site.get(fields, target)
        #expect(response.status == 404)
        #expect(response.body.count < 1000)
      }
    }
  }
}
