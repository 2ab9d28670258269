import Core
import Drivers
import Foundation
import HTTPTypes
import TestSupport
import Testing

/// Blobs from another host than the registry's, by links that nginx checks.
@Suite(.ownThread) struct DownloadHostTests {
  private let host: DownloadHost
  private let client: WireClient
  private let downloads: WireClient
  private let name = "team/app"
  private let content = TestContent.bytes(300_000)
  private var digest: String { TestContent.digest(content).description }

  init() throws {
    host = try DownloadHost(path: "/files/a%20b.c")
    client = WireClient(port: host.registry.port)
    downloads = WireClient(port: host.port)
  }

  private func push() async throws {
    let pushed = try await client.send(.post, "/v2/\(name)/blobs/uploads/?digest=\(digest)", body: content)
    #expect(pushed.status == 201)
  }

  /// The path and query of the link that the registry gives.
  private func link(_ fields: HTTPFields = [:]) async throws -> String {
    let answer = try await client.send(.get, "/v2/\(name)/blobs/\(digest)", fields)
    #expect(answer.status == 307)
    let location = try #require(answer.fields[.location])
    let origin = "http://127.0.0.1:\(host.port)"
    try #require(location.hasPrefix(origin + "/files/a%20b.c/docker/registry/v2/blobs/sha256/"))
    return String(location.dropFirst(origin.count))
  }

  @Test func `a client is sent to the other host and gets the bytes there`() async throws {
    try await push()
    let link = try await link()
    let whole = try await downloads.send(.get, link)
    #expect(whole.status == 200)
    #expect(whole.body == content)
    #expect(whole.fields[.contentType] == "application/octet-stream")
    #expect(whole.fields[.eTag] == "\"\(digest)\"")
    #expect(whole.fields[.lastModified] == nil)
    let head = try await downloads.send(.head, link)
    #expect(head.status == 200 && head.fields[.contentLength] == "300000")
    for condition in [nil, "\"\(digest)\""] {
      var fields: HTTPFields = [.range: "bytes=10-19"]
      fields[.ifRange] = condition
      let part = try await downloads.send(.get, link, fields)
      #expect(part.status == 206 && part.body == Array(content[10..<20]))
    }
    let other = try await downloads.send(.get, link, [.range: "bytes=10-19", .ifRange: "\"other\""])
    #expect(other.status == 200)
    #expect(!host.log.contains("md5="))
  }

  @Test func `the worker answers what needs no bytes, and gives no link to what is gone`() async throws {
    try await push()
    let target = "/v2/\(name)/blobs/\(digest)"
    let head = try await client.send(.head, target)
    #expect(head.status == 200 && head.fields[.location] == nil && head.fields[.contentLength] == "300000")
    let same = try await client.send(.get, target, [.ifNoneMatch: "\"\(digest)\""])
    #expect(same.status == 304 && same.fields[.location] == nil)
    let elsewhere = try await client.send(.get, "/v2/team/other/blobs/\(digest)")
    #expect(elsewhere.status == 404 && elsewhere.fields[.location] == nil)
    #expect(try await client.send(.delete, target).status == 202)
    let gone = try await client.send(.get, target)
    #expect(gone.status == 404 && gone.fields[.location] == nil)
  }

  @Test func `a link is good for its path, its time and its signature alone`() async throws {
    try await push()
    let link = try await link()
    let parts = link.split(separator: "?").map(String.init)
    let (path, query) = (parts[0], parts[1])
    let arguments = query.split { "=&".contains($0) }.map(String.init)
    try #require(arguments.count == 4 && arguments[0] == "md5" && arguments[2] == "expires")
    let (signature, expiry) = (arguments[1], try #require(Int64(arguments[3])))
    let other = TestContent.bytes(10)
    #expect(
      try await client.send(
        .post, "/v2/\(name)/blobs/uploads/?digest=\(TestContent.digest(other))", body: other
      ).status == 201)
    let hex = digest.dropFirst("sha256:".count)
    let otherHex = String(TestContent.digest(other).hex)
    let otherPath = path.replacingOccurrences(of: hex, with: otherHex)
      .replacingOccurrences(of: "/\(hex.prefix(2))/", with: "/\(otherHex.prefix(2))/")
    let refused = [
      path, "\(otherPath)?\(query)", "\(path)?md5=\(signature)&expires=\(expiry + 1)", "\(path)?md5=\(signature)",
      "\(path)?expires=\(expiry)", "\(path)?md5=&expires=\(expiry)", "\(path)?md5=\(signature)&expires=",
      "\(path)?md5=\(signature)&expires=0\(expiry)", "\(path)?md5=\(signature)&expires=\(expiry)0",
      "\(path)?md5=\(signature),9999999999&expires=\(expiry)",
      "\(path)?md5=\(String(signature.reversed()))&expires=\(expiry)",
      "\(path)?md5=\(try forged(Int64.max / 2, secret: "another secret of ours"))",
    ]
    for target in refused { #expect(try await downloads.send(.get, target).status == 403, "\(target)") }
    let expired = try await downloads.send(.get, "\(path)?md5=\(try forged(1, secret: DownloadHost.secret))")
    #expect(expired.status == 410)
    // The same by other spellings is the same file.
    let spelled = path.replacingOccurrences(of: "/files/", with: "/files/x/..//")
    #expect(try await downloads.send(.get, "\(spelled)?\(query)").status == 200)
  }

  /// A signature and the argument after it, of the blob.
  private func forged(_ expiry: Int64, secret: String) throws -> Substring {
    let base = try #require(BaseURL(host.base))
    let blob = StorageLayout.blobData(TestContent.digest(content))
    let url = try SecureLink(base, secret: Secret(secret)).url(of: blob, expiry: expiry)
    return url[url.index(try #require(url.firstIndex(of: "=")), offsetBy: 1)...]
  }

  @Test func `nothing but blobs can be read there, with a signature or without`() async throws {
    try await push()
    let base = try #require(BaseURL(host.base))
    let link = SecureLink(base, secret: Secret(DownloadHost.secret))
    let blobs = "/docker/registry/v2/blobs/sha256"
    let hex = digest.dropFirst("sha256:".count)
    let paths = [
      "/docker/registry/v2/repositories/\(name)/_layers/sha256/\(hex)/link", "\(blobs)/\(hex.prefix(2))/\(hex)", blobs,
      "/docker/registry/v2", "\(blobs)/\(hex.prefix(2))/\(hex)/data/x",
    ]
    for path in paths {
      let url = try link.url(of: try #require(StoragePath(path)), expiry: 4_102_444_800)
      for ending in ["", "/"] {
        let target = String(url.dropFirst(base.url.origin.count)).replacingOccurrences(of: "?", with: "\(ending)?")
        #expect(try await downloads.send(.get, target).status == 404, "\(target)")
      }
    }
    #expect(try await downloads.send(.get, "/").status == 404)
    #expect(try await downloads.send(.get, "/files/a%20b.c/").status == 404)
    let missing = try link.url(of: StorageLayout.blobData(TestContent.digest([1])), expiry: 4_102_444_800)
    #expect(try await downloads.send(.get, String(missing.dropFirst(base.url.origin.count))).status == 404)
    #expect(try await downloads.send(.put, try await self.link(), body: [1]).status == 405)
  }

  @Test(.enabled(if: geteuid() == 0, "image storage without a kernel driver needs root"))
  func `skopeo pulls an image whose blobs come from the other host`() async throws {
    let tools = try ImageTools()
    try await tools.build("local/one")
    let name = "docker://127.0.0.1:\(host.registry.port)/team/image:1"
    try await tools.buildah("push", "--quiet", "--tls-verify=false", "local/one", name)
    try await tools.skopeo("copy", "--quiet", "--src-tls-verify=false", name, "dir:\(tools.folder / "pulled")")
    let served = host.log.split(separator: "\n").filter { $0.contains("\"GET /files/a b.c/") && $0.contains(" 200 ") }
    #expect(served.count >= 2)
    let manifest = try Data(contentsOf: URL(fileURLWithPath: tools.folder / "pulled/manifest.json"))
    for match in String(decoding: manifest, as: UTF8.self).matches(of: /sha256:([0-9a-f]{64})/) {
      #expect(FileManager.default.fileExists(atPath: tools.folder / "pulled/\(match.1)"))
    }
  }
}
