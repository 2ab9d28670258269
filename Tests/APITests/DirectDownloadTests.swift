import Core
import Drivers
import HTTPTypes
import TestSupport
import Testing

/// What clients and the web server are told where the storage gives a URL of each blob.
struct DirectDownloadTests {
  private static let url = "https://store.test:9000/b%2Bc/data?X-Amz-Signature=a%2F&x=/y"

  /// A registry over such a storage, with a blob of ten bytes in it, or of `content`.
  private struct Site {
    let client: InProcessClient
    let target: String
    let digest: Digest

    init(
      _ url: String = DirectDownloadTests.url, content: [UInt8] = Array("0123456789".utf8),
      change: (inout Configuration) -> Void
    ) async throws {
      let driver = HookedDriver(InMemoryDriver(), url: .url(url)) { _ async throws(StorageError) in }
      let context = DeploymentOptions().context(over: driver)
      var configuration = context.configuration
      change(&configuration)
      client = InProcessClient(
        RequestPipeline.handler(
          APIContext(registry: context.registry, configuration: configuration, logger: context.logger)))
      let blobs = Blobs(Deployment.Site(client: client, driver: driver, rootDirectory: nil))
      digest = try await blobs.push(content)
      target = "/v2/\(blobs.name)/blobs/\(digest)"
    }
  }

  private static func withoutRedirect(_ configuration: inout Configuration) {
    configuration.storage.redirectDisabled = true
  }

  @Test func `a client is sent to the store`() async throws {
    let site = try await Site { _ in }
    let answer = try await site.client.send(.get, site.target, [.range: "bytes=0-1"])
    #expect(answer.status == 307)
    #expect(answer["Location"] == Self.url)
    #expect(answer["X-Accel-Redirect"] == nil && answer["X-Berth-Object"] == nil)
  }

  private static let questions: [(HTTPFields, String?)] = [
    ([:], nil), ([.range: "bytes=2-4"], "bytes=2-4"), ([.range: "bytes=8-"], "bytes=8-9"),
    ([.range: "bytes=-3"], "bytes=7-9"), ([.range: "bytes=5-100"], "bytes=5-9"), ([.range: "bytes=0-1,3-4"], nil),
    ([.range: "bytes=0-1", .ifRange: "\"of the store\""], nil),
  ]

  @Test(arguments: questions)
  func `the web server fetches what is asked for`(_ fields: HTTPFields, _ range: String?) async throws {
    let site = try await Site(change: Self.withoutRedirect)
    let answer = try await site.client.send(.get, site.target, fields)
    #expect(answer.status == 200)
    #expect(answer["X-Accel-Redirect"] == "/_berth_storage/\(site.digest)")
    #expect(answer["X-Berth-Object"] == "/b%2Bc/data?X-Amz-Signature=a%2F&x=/y")
    #expect(answer["X-Berth-Range"] == range)
    #expect(answer["Docker-Content-Digest"] == site.digest.description)
    #expect(answer["ETag"] == "\"\(site.digest)\"")
    #expect(answer["Content-Type"] == "application/octet-stream")
    #expect(answer["Location"] == nil)
    #expect(answer.body.isEmpty)
  }

  @Test(arguments: [
    (4, "bytes 8-9/10 2"), (5, "bytes 5-9/10 5"), (10, "bytes 0-9/10 10"), (64, "bytes 0-9/10 10"),
    (1, "bytes 9-9/10 1"),
  ])
  func `a web server that keeps pieces is told what the last one is`(_ slice: Int64, _ piece: String) async throws {
    let site = try await Site { configuration in
      configuration.storage.redirectDisabled = true
      var cache = Configuration.BlobCache()
      cache.slice = ByteSize(slice)
      configuration.fastcgi.blobCache = cache
    }
    #expect(try await site.client.send(.get, site.target)["X-Berth-Last-Piece"] == piece)
    #expect(try await site.client.send(.get, site.target, [.range: "bytes=0-1"])["X-Berth-Last-Piece"] == piece)
  }

  @Test func `a range of our own entity tag is one`() async throws {
    let site = try await Site(change: Self.withoutRedirect)
    let fields: HTTPFields = [.range: "bytes=1-1", .ifRange: "\"\(site.digest)\""]
    #expect(try await site.client.send(.get, site.target, fields)["X-Berth-Range"] == "bytes=1-1")
  }

  @Test func `what needs no content is answered here`() async throws {
    let site = try await Site(change: Self.withoutRedirect)
    let outside = try await site.client.send(.get, site.target, [.range: "bytes=10-"])
    #expect(outside.status == 416)
    #expect(outside["Content-Range"] == "bytes */10")
    #expect(outside.codes == ["RANGE_INVALID"])
    let known = try await site.client.send(.get, site.target, [.ifNoneMatch: "\"\(site.digest)\""])
    #expect(known.status == 304)
    let head = try await site.client.send(.head, site.target)
    #expect(head.status == 200)
    #expect(head["Content-Length"] == "10")
    for answer in [outside, known, head] {
      #expect(answer["X-Accel-Redirect"] == nil && answer["X-Berth-Object"] == nil)
    }
  }

  @Test func `content passes through here where no web server fetches it, and where there is none`() async throws {
    let behindOther = try await Site { configuration in
      configuration.storage.redirectDisabled = true
      configuration.fastcgi.accelPrefix = ""
    }
    let odd = try await Site("https://store.test", change: Self.withoutRedirect)
    for site in [behindOther, odd] {
      #expect(try await site.client.send(.get, site.target).text == "0123456789")
      let part = try await site.client.send(.get, site.target, [.range: "bytes=2-4"])
      #expect(part.status == 206)
      #expect(part.text == "234")
      #expect(part["X-Accel-Redirect"] == nil)
    }
  }

  @Test func `nothing is no part of an object that a store could be asked for`() async throws {
    let site = try await Site(content: [], change: Self.withoutRedirect)
    let answer = try await site.client.send(.get, site.target)
    #expect(answer.status == 200)
    #expect(answer.body.isEmpty)
    #expect(answer["X-Accel-Redirect"] == nil)
  }
}
