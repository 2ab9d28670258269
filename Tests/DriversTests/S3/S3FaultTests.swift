import Core
import NIOCore
import TestSupport
import Testing

@testable import Drivers

/// The driver over a store, or a network, that fails: what it does comes right, or fails cleanly.
@Suite(.ownThread, .serialized) struct S3FaultTests {
  /// A bucket of radosgw, behind a proxy and as it is.
  private struct Site {
    let proxy: FaultProxy
    let driver: S3Driver
    let direct: S3Driver

    init() throws {
      let store = try RadosGateway.shared.get().store
      proxy = try FaultProxy(to: store.port)
      var configuration = try store.configuration()
      configuration.chunkSize = 5 << 20
      configuration.multipartCopyThresholdSize = 5 << 20
      configuration.multipartCopyChunkSize = 5 << 20
      direct = try S3Driver(configuration)
      configuration.regionEndpoint = proxy.endpoint
      driver = try S3Driver(configuration)
    }

    /// Each kind of request at least once. What it leaves is looked at beside the faults.
    func exercise(leavingUploads left: Int = 0) async throws {
      let large = (0..<12 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 12) }
      try await driver.put("small", at: path("/dir/small"))
      #expect(try await driver.text(path("/dir/small")) == "small")
      // In two requests, of which the second one finds what the first one has left.
      for part in [large[..<(7 << 20)], large[(7 << 20)...]] {
        let writer = try await driver.writer(at: path("/uploads/1/data"), appending: true)
        for offset in stride(from: part.startIndex, to: part.endIndex, by: 1 << 20) {
          let end = min(offset + 1 << 20, part.endIndex)
          try await writer.write(Array(part[offset..<end]).span.bytes)
        }
        try await writer.close()
      }
      #expect(try await driver.stat(path("/uploads/1/data")).size == Int64(large.count))
      let writer = try await driver.writer(at: path("/uploads/1/data"), appending: true)
      try await writer.commit(to: path("/blobs/1/data"))
      let whole = try #require(
        try await driver.directWriter(to: path("/blobs/2/data"), length: Int64(large.count)))
      try await whole.write(large.span.bytes)
      try await whole.commit(to: path("/blobs/2/data"))
      try await driver.move(path("/blobs/2/data"), to: path("/blobs/3/data"), durability: .powerLoss)
      try await driver.move(path("/dir/small"), to: path("/dir/moved"), durability: .powerLoss)
      #expect(try await driver.read(path("/blobs/1/data"), from: 0, capacity: 1 << 20) == large)
      #expect(try await driver.list(path("/blobs")).sorted() == ["1", "3"])
      try await driver.put("gone", at: path("/tree/a/b"))
      try await driver.delete(path("/tree"), durability: .powerLoss)
      try await driver.delete(path("/dir/moved"), durability: .powerLoss)
      #expect(try await driver.sweepLeftovers(olderThan: .zero) == 0)

      #expect(try await direct.walked(.root) == ["/blobs", "/blobs/1", "/blobs/1/data", "/blobs/3", "/blobs/3/data"])
      for blob in ["/blobs/1/data", "/blobs/3/data"] {
        #expect(try await direct.read(path(blob), from: 0, capacity: 1 << 20) == large)
      }
      #expect(try await direct.client.unfinishedUploads(of: direct.keys.prefix(.root)).count == left)
    }
  }

  /// Those that the driver makes.
  private static let kinds: [TestSupport.S3Operation] = [
    .listObjects, .listMultipartUploads, .deleteObjects, .headObject, .getObject, .putObject, .copyObject,
    .deleteObject, .createMultipartUpload, .uploadPart, .uploadPartCopy, .completeMultipartUpload,
  ]

  @Test func `without faults each kind of request is made, and none again`() async throws {
    let site = try Site()
    defer { site.proxy.stop() }
    try await site.exercise()
    for kind in Self.kinds { #expect(site.proxy.count(kind) > 0, "\(kind)") }
    let operations = Drivers.S3Operation.allCases
    #expect(operations.allSatisfy { site.driver.statistics.snapshot(of: $0).retries == 0 })
    #expect(site.driver.statistics.calls == UInt64(site.proxy.count()))
    // All of the one that came whole, and what was less than a piece of the other.
    #expect(site.driver.statistics.snapshot(of: .uploadPart).bytesSent == 14 << 20)
  }

  @Test(arguments: kinds)
  func `a connection that is reset at any kind of request does no harm`(kind: TestSupport.S3Operation) async throws {
    let site = try Site()
    defer { site.proxy.stop() }
    site.proxy.order(.reset, at: kind, .number(1))
    try await site.exercise()
  }

  @Test(arguments: kinds)
  func `an answer that is lost after all was done does no harm`(kind: TestSupport.S3Operation) async throws {
    let site = try Site()
    defer { site.proxy.stop() }
    site.proxy.order(.resetAfterwards, at: kind, .number(1))
    site.proxy.order(.errorAfterwards(status: 500, code: "InternalError"), at: kind, .number(3))
    // A multipart upload whose beginning was not heard of is left to the sweep.
    try await site.exercise(leavingUploads: kind == .createMultipartUpload ? 2 : 0)
  }

  @Test func `one request in five is told to slow down`() async throws {
    let site = try Site()
    defer { site.proxy.stop() }
    site.proxy.order(.slowDown, .every(5))
    try await site.exercise()
  }

  @Test func `errors that come after a status of 200 are seen`() async throws {
    let site = try Site()
    defer { site.proxy.stop() }
    for kind in [TestSupport.S3Operation.copyObject, .uploadPartCopy, .completeMultipartUpload] {
      site.proxy.order(.errorInside200, at: kind, .number(1))
    }
    try await site.exercise()
  }

  @Test(arguments: [0, 1, 4000])
  func `an answer that breaks off is asked for again, or gone on with`(bytes: Int) async throws {
    let site = try Site()
    defer { site.proxy.stop() }
    site.proxy.order(.truncate(after: bytes), at: .getObject, .every(2))
    try await site.exercise()
  }

  @Test func `a store that is slow is waited for`() async throws {
    let site = try Site()
    defer { site.proxy.stop() }
    site.proxy.order(.delay(.seconds(1)), .every(7))
    try await site.exercise()
  }

  @Test func `a store that is down is asked a few times, and then it is said so`() async throws {
    let site = try Site()
    defer { site.proxy.stop() }
    site.proxy.order(.slowDown)
    await expect(.unavailable) { _ = try await site.driver.content(at: path("/file"), limit: 10) }
    // Some may not have come as far as the proxy on a machine that hardly moves.
    #expect((1...Retry.attempts).contains(site.proxy.count()))
    await expect(.unavailable) { try await site.driver.put("text", at: path("/file")) }
    await expect(.unavailable) { _ = try await site.driver.list(path("/dir")) }
    await expect(.unavailable) { _ = try await site.driver.writer(at: path("/upload"), appending: true) }
    site.proxy.reset()
    try await site.driver.put("text", at: path("/file"))
    #expect(try await site.direct.text(path("/file")) == "text")
  }

  @Test func `an upload whose end failed is kept once it is let go of, and can be gone on with`() async throws {
    let site = try Site()
    defer { site.proxy.stop() }
    let file = try path("/uploads/1/data")
    let size = Int64(6 << 20)
    func breakOff() async throws {
      let writer = try await site.driver.writer(at: file, appending: true)
      try await writer.write([UInt8](repeating: 1, count: Int(size)).span.bytes)
      site.proxy.order(.slowDown, at: .putObject)
      await expect(.unavailable) { try await writer.close() }
      site.proxy.reset()
      #expect(writer.size == size)
      // It has ended: nothing is written or removed by it any more.
      try await writer.cancel()
      try await writer.close()
      await expect(.failed) { try await writer.write("more") }
      await expect(.failed) { try await writer.commit(to: path("/blobs/1/data")) }
      #expect(try await site.direct.stat(file).size == 0)
    }
    try await breakOff()
    _ = try await Eventually.value("upload") { try await site.direct.stat(file).size == size ? true : nil }
    let next = try await Eventually.value("writer") { try? await site.direct.writer(at: file, appending: true) }
    try await next.write("more")
    try await next.close()
    #expect(try await site.driver.stat(file).size == 6 << 20 + 4)
  }

  @Test func `a store that can't be reached is unavailable, and one that wants TLS is an error`() async throws {
    var configuration = try RadosGateway.shared.get().store.configuration()
    configuration.regionEndpoint = "http://127.0.0.1:\(try FreePort.next())"
    let nowhere = try S3Driver(configuration)
    await expect(.unavailable) { _ = try await nowhere.content(at: path("/file"), limit: 10) }
    configuration.regionEndpoint = "https://127.0.0.1:\(try RadosGateway.shared.get().store.port)"
    let plain = try S3Driver(configuration)
    await #expect(throws: StorageError.self) { _ = try await plain.content(at: path("/file"), limit: 10) }
  }

  @Test func `wrong keys and a bucket that isn't there are told with what to do`() async throws {
    var configuration = try RadosGateway.shared.get().store.configuration()
    let secret = configuration.secretKey
    configuration.secretKey = "wrong"
    let forged = try S3Driver(configuration)
    let error = await #expect(throws: StorageError.self) { try await forged.put("text", at: path("/file")) }
    #expect(error?.code == .failed)
    #expect(error?.description.contains("storage.s3.accesskey") == true)
    #expect(error?.description.contains("wrong") == false)
    configuration.secretKey = secret
    configuration.bucket = "no-such-bucket"
    let nowhere = try S3Driver(configuration)
    let missing = await #expect(throws: StorageError.self) { _ = try await nowhere.list(path("/dir")) }
    #expect(missing?.code == .failed)
    #expect(missing?.description.contains("storage.s3.bucket") == true)
  }
}
