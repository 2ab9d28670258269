import Foundation
import HTTPTypes
import TestSupport
import Testing

/// That a proxy before an object store does what tests of the driver order.
@Suite(.ownThread) struct FaultProxyTests {
  @Test(arguments: [
    ("GET", "/", false, S3Operation.listBuckets), ("PUT", "/b", false, .createBucket),
    ("HEAD", "/b/", false, .headBucket), ("DELETE", "/b", false, .deleteBucket),
    ("GET", "/b?list-type=2&prefix=a%2Fb", false, .listObjects), ("GET", "/b", false, .listObjects),
    ("GET", "/b?uploads=&prefix=a", false, .listMultipartUploads), ("GET", "/b?acl", false, .other),
    ("POST", "/b?delete", false, .deleteObjects), ("HEAD", "/b/k", false, .headObject),
    ("GET", "/b/k?X-Amz-Signature=1", false, .getObject), ("PUT", "/b/k", false, .putObject),
    ("PUT", "/b/k", true, .copyObject), ("DELETE", "/b/k", false, .deleteObject),
    ("POST", "/b/k?uploads", false, .createMultipartUpload),
    ("PUT", "/b/k?partNumber=1&uploadId=x", false, .uploadPart),
    ("PUT", "/b/k?partNumber=1&uploadId=x", true, .uploadPartCopy),
    ("GET", "/b/k?uploadId=x", false, .listParts), ("POST", "/b/k?uploadId=x", false, .completeMultipartUpload),
    ("DELETE", "/b/k?uploadId=x", false, .abortMultipartUpload), ("POST", "/b/k", false, .other),
  ])
  func `a request's kind is known by its method and query`(
    _ method: String, _ target: String, _ copies: Bool, _ expected: S3Operation
  ) {
    #expect(S3Operation(method: method, target: target, copies: copies) == expected)
  }

  /// A bucket of radosgw behind a proxy.
  private struct Site {
    let store: ObjectStore
    let bucket: String
    let proxy: FaultProxy
    let folder: TemporaryFolder

    init() throws {
      store = try RadosGateway.shared.get().store
      bucket = try store.newBucket()
      proxy = try FaultProxy(to: store.port)
      folder = try TemporaryFolder()
      try Data("the content".utf8).write(to: URL(fileURLWithPath: folder / "content"))
    }

    /// What a client is told that goes by way of the proxy and tries once.
    func run(_ command: String, _ arguments: String...) -> String {
      do {
        switch arguments.count {
        case 1: return try store.run(command, bucket, arguments[0], port: proxy.port)
        default: return try store.run(command, bucket, arguments[0], arguments[1], port: proxy.port)
        }
      } catch {
        return "\(error)"
      }
    }

    func put(_ key: String) -> String { run("put", key, folder / "content") }

    func keys() throws -> [String] { try store.keys(bucket: bucket) }
  }

  @Test func `without orders all passes, signatures hold, and requests are counted`() throws {
    let site = try Site()
    defer { site.proxy.stop() }
    #expect(site.put("a") == "")
    #expect(site.run("head", "a") == "11\n")
    #expect(site.run("copy", "a", "b") == "")
    #expect(site.run("multipart", "c", site.folder / "content") == "")
    #expect(site.run("get", "c", site.folder / "back") == "")
    #expect(try Data(contentsOf: URL(fileURLWithPath: site.folder / "back")) == Data("the content".utf8))
    #expect(site.run("keys", "") == "a\nb\nc\n")
    let expected: [S3Operation] = [
      .putObject, .headObject, .copyObject, .createMultipartUpload, .uploadPart, .completeMultipartUpload, .getObject,
      .listObjects,
    ]
    #expect(site.proxy.requests.map(\.operation) == expected)
    #expect(site.proxy.count(.getObject) == 1)
    #expect(site.proxy.count() == 8)
    site.proxy.reset()
    #expect(site.proxy.count() == 0)
  }

  @Test func `the call that was ordered is reset, and the store hears nothing of it`() throws {
    let site = try Site()
    defer { site.proxy.stop() }
    site.proxy.order(.reset, at: .putObject, .number(2))
    #expect(site.put("a") == "")
    #expect(site.put("b").contains("Connection"))
    #expect(site.put("c") == "")
    #expect(try site.keys() == ["a", "c"])
  }

  @Test func `a reset or an error after the store has done what it was asked`() throws {
    let site = try Site()
    defer { site.proxy.stop() }
    site.proxy.order(.resetAfterwards, at: .putObject, .number(1))
    site.proxy.order(.errorAfterwards(status: 500, code: "InternalError"), at: .putObject, .number(2))
    #expect(site.put("a").contains("Connection"))
    #expect(site.put("b").contains("InternalError"))
    #expect(try site.keys() == ["a", "b"])
  }

  @Test func `one of five is asked to slow down`() throws {
    let site = try Site()
    defer { site.proxy.stop() }
    site.proxy.order(.slowDown, .every(5))
    let answers = (1...10).map { site.put("\($0)") }
    for (index, answer) in answers.enumerated() {
      #expect(answer.contains("SlowDown") == ((index + 1) % 5 == 0), "\(answer)")
    }
    #expect(try site.keys().count == 8)
  }

  @Test func `a copy and a completion fail in an answer that says 200`() throws {
    let site = try Site()
    defer { site.proxy.stop() }
    for operation in [S3Operation.copyObject, .completeMultipartUpload, .uploadPartCopy] {
      site.proxy.order(.errorInside200, at: operation)
    }
    #expect(site.put("a") == "")
    #expect(site.run("copy", "a", "b").contains("InternalError"))
    #expect(site.run("multipart", "c", site.folder / "content").contains("InternalError"))
    #expect(try site.keys() == ["a"])
    #expect(try site.store.uploads(bucket: site.bucket).count == 1)
  }

  @Test func `an answer's body breaks off`() throws {
    let site = try Site()
    defer { site.proxy.stop() }
    #expect(site.put("a") == "")
    site.proxy.order(.truncate(after: 4), at: .getObject)
    #expect(site.run("get", "a", site.folder / "back").contains("IncompleteRead"))
  }

  @Test func `an answer is held back, and no longer than its client waits`() throws {
    let site = try Site()
    defer { site.proxy.stop() }
    site.proxy.order(.delay(.seconds(2)), at: .putObject, .number(1))
    let start = ContinuousClock.now
    #expect(site.put("a") == "")
    #expect(ContinuousClock.now - start >= .seconds(2))
    site.proxy.order(.delay(.seconds(100_000)), at: .getObject)
    try WireClient.Connection(port: site.proxy.port).write(Array("GET /b/k HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
  }
}
