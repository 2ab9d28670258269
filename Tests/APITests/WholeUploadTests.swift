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

  private typealias S3Operation = Drivers.S3Operation

  /// Those that were sent again, since a busy machine did not answer in time, are counted once.
  private func requests(_ operation: S3Operation) -> UInt64 {
    let snapshot = driver.statistics.snapshot(of: operation)
    return snapshot.calls - snapshot.retries
  }

  @Test func `large content is sent once, and not copied`() async throws {
    let content = TestContent.bytes(12 << 20)
    let digest = TestContent.digest(content)
    let location = try await blobs.location()
    #expect(try await blobs.put(location, digest.description, content).status == 201)
    #expect([S3Operation.uploadPart, .uploadPartCopy, .copyObject].map(requests) == [3, 0, 0])
    #expect(try await stored(digest) == content)
    #expect(try await blobs.status(location).status == 404)
  }

  @Test func `small content is three objects: the claim, the content, and the link`() async throws {
    let content = TestContent.bytes(1000)
    let digest = TestContent.digest(content)
    let location = try await blobs.location()
    let before = [S3Operation.putObject, .copyObject, .deleteObject].map(requests)
    #expect(try await blobs.put(location, digest.description, content).status == 201)
    let after = [S3Operation.putObject, .copyObject, .deleteObject].map(requests)
    #expect(zip(after, before).map { $0 - $1 } == [3, 0, 0])
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

  @Test func `one that is cancelled meanwhile is not finished`() async throws {
    let content = TestContent.bytes(1000)
    let digest = TestContent.digest(content)
    let location = try await blobs.location()
    let body = InterruptedBody(content) { [blobs] in
      let cancelled = try await blobs.site.client.send(.delete, location)
      #expect(cancelled.status == 204)
    }
    #expect(await close(location, digest, body, length: 1000) == 404)
    #expect(try await blobs.head(digest).status == 404)
  }

  /// Closes an upload with a body that isn't an array. Returns the status.
  private func close(_ location: String, _ digest: Digest, _ body: any RequestBody, length: Int64) async -> Int {
    // The Location is absolute.
    let target = location.firstRange(of: "/v2/").map { location[$0.lowerBound...] } ?? location[...]
    let parts = target.split(separator: "?")
    let answer = await handler.respond(
      to: Request(
        method: .put, path: String(parts[0]), query: "\(parts[1])&digest=\(digest)", fields: [:] as HTTPFields,
        body: body, contentLength: length, id: "test", remoteAddress: "127.0.0.1"))
    return answer.status.code
  }

  /// Something happens before its first byte comes.
  private final class InterruptedBody: RequestBody {
    private let body: MemoryBody
    private var interruption: (() async throws -> Void)?

    init(_ content: [UInt8], _ interruption: @escaping () async throws -> Void) {
      body = MemoryBody(content)
      self.interruption = interruption
    }

    func read(into buffer: IOBuffer) async throws(RequestBodyError) -> Int {
      let interruption = interruption
      self.interruption = nil
      do { try await interruption?() } catch { Issue.record(error) }
      return try await body.read(into: buffer)
    }
  }

  @Test func `a body that breaks off leaves the upload as empty as it was`() async throws {
    let content = TestContent.bytes(8 << 20)
    let digest = TestContent.digest(content)
    let location = try await blobs.location()
    let short = MemoryBody(Array(content[..<(6 << 20)]))
    #expect(await close(location, digest, short, length: Int64(content.count)) == 400)
    let unfinished = try await driver.client.unfinishedUploads(of: driver.keys.prefix(.root))
    #expect(unfinished.isEmpty)
    #expect(try await blobs.status(location)["Range"] == "0-0")
    #expect(try await blobs.put(location, digest.description, content).status == 201)
    #expect(try await stored(digest) == content)
  }
}
