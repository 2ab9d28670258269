import Core
import Drivers
import HTTPTypes
import TestSupport
import Testing

/// What a browser asks before it lets a page of another host use the registry (CORS).
@Suite(.ownThread) struct OptionsTests {
  private static let origin = "https://ui.example.com"

  private static func options(_ change: (inout DeploymentOptions) -> Void = { _ in }) throws -> DeploymentOptions {
    var options = DeploymentOptions()
    for (name, value) in [
      ("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Methods", "HEAD, GET, OPTIONS, DELETE"),
    ] {
      options.headers.append(HTTPField(name: try #require(HTTPField.Name(name)), value: value))
    }
    change(&options)
    return options
  }

  private static let digest = "sha256:\(String(repeating: "ab", count: 32))"
  private static let preflight: HTTPFields = [.origin: origin, .accessControlRequestMethod: "DELETE"]

  /// What is configured, and what each kind of route then allows.
  struct Given: Sendable {
    var isDeleteEnabled = true
    var isReadOnly = false
    var manifest = "GET, HEAD, PUT, DELETE"
    var blob = "GET, HEAD, DELETE"
    var uploads = "POST"
    var upload = "GET, HEAD, PATCH, PUT, DELETE"

    static let all = [
      Given(), Given(isDeleteEnabled: false, manifest: "GET, HEAD, PUT", blob: "GET, HEAD"),
      Given(isReadOnly: true, manifest: "GET, HEAD", blob: "GET, HEAD", uploads: "", upload: "GET, HEAD"),
    ]
  }

  @Test(arguments: [Deployment.inMemory, .nginx], Given.all)
  func `every route says which methods it has, and the fields of the configuration`(
    deployment: Deployment, given: Given
  ) async throws {
    let options = try Self.options {
      $0.deleteEnabled = given.isDeleteEnabled
      $0.readOnly = given.isReadOnly
    }
    try await deployment.withSite(options) { site in
      let upload = "00000000-0000-4000-8000-000000000000"
      for (path, allowed) in [
        ("", "GET, HEAD"), ("_catalog", "GET, HEAD"), ("a/tags/list", "GET, HEAD"),
        ("a/referrers/\(Self.digest)", "GET, HEAD"), ("a/_berth/tags/1/history", "GET, HEAD"),
        ("a/manifests/1", given.manifest), ("a/manifests/\(Self.digest)", given.manifest),
        ("a/blobs/\(Self.digest)", given.blob), ("a/blobs/uploads/", given.uploads),
        ("a/blobs/uploads", given.uploads), ("a/blobs/uploads/\(upload)", given.upload), ("a/_berth/repository", ""),
      ] {
        let answer = try await site.client.send(.options, "/v2/\(path)", Self.preflight)
        #expect(answer.status == 200, "\(path)")
        #expect(answer["Allow"] == (allowed.isEmpty ? "OPTIONS" : allowed + ", OPTIONS"), "\(path)")
        #expect(answer["Access-Control-Allow-Origin"] == Self.origin)
        #expect(answer["Access-Control-Allow-Methods"] == "HEAD, GET, OPTIONS, DELETE")
        #expect(answer.body.isEmpty)
      }
    }
  }

  @Test(arguments: [Deployment.inMemory, .nginx])
  func `errors can be read by pages of other hosts, nginx's own too`(deployment: Deployment) async throws {
    try await deployment.withSite(Self.options()) { site in
      let repo = Repo(site)
      var expected: [(HTTPRequest.Method, String, [UInt8], Int)] = [
        (.options, "/v2/a/nothing", [], 404), (.options, "/v2/A/tags/list", [], 400),
        (.get, "/v2/\(repo.name)/manifests/1", [], 404), (.put, "/v2/\(repo.name)/manifests/1", [1], 400),
        (.post, "/v2/\(repo.name)/manifests/1", [], 405), (.patch, "/v2/", [], 405),
        (.put, "/v2/\(repo.name)/manifests/1", .init(repeating: 0x20, count: (4 << 20) + 1), 413),
      ]
      if deployment == .nginx {
        // More than nginx takes, and a method that it refuses.
        expected.append((.put, "/v2/\(repo.name)/manifests/1", .init(repeating: 0x20, count: 6 << 20), 413))
        expected.append((.trace, "/v2/", [], 405))
      }
      for (method, path, body, status) in expected {
        let answer = try await site.client.send(method, path, [.origin: Self.origin], body: body)
        #expect(answer.status == status, "\(method) \(path)")
        #expect(answer["Access-Control-Allow-Origin"] == Self.origin, "\(method) \(path)")
      }
    }
  }

  @Test(arguments: [Deployment.inMemory, .nginx])
  func `a page of another host lists, looks at and deletes an image`(deployment: Deployment) async throws {
    try await deployment.withSite(Self.options()) { site in
      let repo = Repo(site)
      let digest = try await repo.push("1").description
      let config = Repo.digest(Array("config a".utf8))
      for (method, path, status) in [
        (.get, "_catalog", 200), (.get, "\(repo.name)/tags/list", 200), (.head, "\(repo.name)/manifests/1", 200),
        (.get, "\(repo.name)/manifests/\(digest)", 200), (.get, "\(repo.name)/blobs/\(config)", 200),
        (.delete, "\(repo.name)/manifests/\(digest)", 202),
      ] as [(HTTPRequest.Method, String, Int)] {
        #expect(try await site.client.send(.options, "/v2/\(path)", Self.preflight).status == 200)
        let answer = try await site.client.send(method, "/v2/\(path)", [.origin: Self.origin])
        #expect(answer.status == status)
        #expect(answer["Access-Control-Allow-Origin"] == Self.origin, "\(method) \(path)")
      }
    }
  }

  @Test func `a registry whose storage fails answers OPTIONS, so that the browser shows the failure`() async throws {
    let context = try Self.options().context(over: InMemoryDriver())
    let client = InProcessClient(RequestPipeline.handler(context, while: { false }))
    #expect(try await client.send(.options, "/v2/", Self.preflight).status == 200)
    let answer = try await client.send(.get, "/v2/", [.origin: Self.origin])
    #expect(answer.status == 503)
    #expect(answer["Access-Control-Allow-Origin"] == Self.origin)
  }
}
