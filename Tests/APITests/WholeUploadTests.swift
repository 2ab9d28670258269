import Core
import HTTPTypes
import TestSupport
import Testing

@testable import Drivers

/// Uploads whose content comes with the request that closes them, over S3: it goes to its place at once.
@Suite(.ownThread) struct WholeUploadTests {
  private let driver: S3Driver
  private let handler: any RequestHandler
  private let blobs: Blobs

  init() throws {
    var configuration = try MotoServer.shared.get().store.configuration()
    configuration.chunkSize = 5 << 20
    driver = try S3Driver(configuration)
    handler = RequestPipeline.handler(DeploymentOptions().context(over: driver))
    blobs = Blobs(Deployment.Site(client: InProcessClient(handler), driver: driver, rootDirectory: nil))
  }

  /// What clients are sent to.
  private func stored(_ digest: Digest) async throws -> [UInt8] {
    try await driver.content(at: StorageLayout.blobData(digest), limit: .max)
  }

  @Test func `large content is sent once, and not copied`() async throws {
    let content = TestContent.bytes(12 << 20)
    let digest = TestContent.digest(content)
    let location = try await blobs.location()
    #expect(try await blobs.put(location, digest.description, content).status == 201)
    let operations: [Drivers.S3Operation] = [.uploadPart, .uploadPartCopy, .copyObject]
    #expect(operations.map { driver.statistics.snapshot(of: $0).calls } == [3, 0, 0])
    #expect(try await stored(digest) == content)
    #expect(try await blobs.status(location).status == 404)
  }

  @Test func `small content takes a few requests`() async throws {
    let content = TestContent.bytes(1000)
    let digest = TestContent.digest(content)
    let location = try await blobs.location()
    let before = driver.statistics.calls
    #expect(try await blobs.put(location, digest.description, content).status == 201)
    let count = driver.statistics.calls - before
    #expect(count <= 13, "\(count)")
    #expect(try await stored(digest) == content)
  }

  @Test func `what came before is gone on from`() async throws {
    let content = TestContent.bytes(12 << 20)
    let digest = TestContent.digest(content)
    let first = try await blobs.patch(blobs.location(), Array(content[..<7_000_000]))
    #expect(try await blobs.put(blobs.location(first), digest.description, Array(content[7_000_000...])).status == 201)
    #expect(try await stored(digest) == content)
  }

  @Test func `content with another digest takes the upload with it, and is nowhere`() async throws {
    let content = TestContent.bytes(6 << 20)
    let other = TestContent.digest([1])
    let location = try await blobs.location()
    #expect(try await blobs.put(location, other.description, content).status == 400)
    #expect(try await blobs.head(other).status == 404)
    #expect(try await blobs.status(location).status == 404)
    let unfinished = try await driver.client.unfinishedUploads(of: driver.keys.prefix(.root))
    #expect(unfinished.isEmpty)
  }

  @Test func `a range that does not begin at the start is refused, and changes nothing`() async throws {
    let content = TestContent.bytes(1000)
    let digest = TestContent.digest(content)
    let location = try await blobs.location()
    let refused = try await blobs.put(location, digest.description, content, range: "5-1004")
    #expect(refused.status == 416)
    #expect(try await blobs.put(blobs.location(refused), digest.description, content, range: "0-999").status == 201)
  }

  @Test func `a body that breaks off leaves the upload as empty as it was`() async throws {
    let content = TestContent.bytes(8 << 20)
    let digest = TestContent.digest(content)
    let location = try await blobs.location()
    let parts = location.split(separator: "?")
    let broken = await handler.respond(
      to: Request(
        method: .put, path: String(parts[0]), query: "\(parts[1])&digest=\(digest)", fields: [:] as HTTPFields,
        body: MemoryBody(Array(content[..<(6 << 20)])), contentLength: Int64(content.count), id: "test",
        remoteAddress: "127.0.0.1"))
    #expect(broken.status.code == 400)
    let unfinished = try await driver.client.unfinishedUploads(of: driver.keys.prefix(.root))
    #expect(unfinished.isEmpty)
    #expect(try await blobs.status(location)["Range"] == "0-0")
    #expect(try await blobs.put(location, digest.description, content).status == 201)
    #expect(try await stored(digest) == content)
  }
}
