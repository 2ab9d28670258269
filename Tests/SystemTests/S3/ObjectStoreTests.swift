import Core
import HTTPTypes
import TestSupport
import Testing

/// That the stores behind the tests of S3 are what they are taken for.
@Suite(.ownThread) struct ObjectStoreTests {
  private static let stores = ["radosgw", "moto"]

  private static func store(_ name: String) throws -> ObjectStore {
    name == "moto" ? try MotoServer.shared.get().store : try RadosGateway.shared.get().store
  }

  @Test(arguments: stores)
  func `what is put into a bucket is there, and in no other`(_ name: String) throws {
    let store = try Self.store(name)
    let (bucket, other) = (try store.newBucket(), try store.newBucket())
    try store.put([1, 2, 3], bucket: bucket, key: "a/b")
    #expect(try store.get(bucket: bucket, key: "a/b") == [1, 2, 3])
    #expect(try store.keys(bucket: bucket, prefix: "a") == ["a/b"])
    #expect(try store.keys(bucket: other) == [])
    #expect(try store.uploads(bucket: bucket) == [])
  }

  @Test func `radosgw refuses a wrong key and whoever has none`() throws {
    let store = try Self.store("radosgw")
    let bucket = try store.newBucket()
    try store.put([1], bucket: bucket, key: "a")
    #expect(throws: (any Error).self) { try store.run("head", bucket, "a", secretKey: "wrong") }
    let anonymous = try WireClient.Connection(port: store.port).exchange(TestRequest(.get, "/\(bucket)/a"))
    #expect(anonymous.status == 403)
  }

  @Test(arguments: stores)
  func `a presigned URL opens its object`(_ name: String) throws {
    let store = try Self.store(name)
    let bucket = try store.newBucket()
    try store.put(Array("content".utf8), bucket: bucket, key: "a")
    let url = try store.presignedURL(bucket: bucket, key: "a")
    #expect(url.hasPrefix(store.endpoint + "/"))
    let host: HTTPFields = [.host: "127.0.0.1:\(store.port)"]
    let target = String(url.dropFirst(store.endpoint.count))
    let answer = try WireClient.Connection(port: store.port).exchange(TestRequest(.get, target, fields: host))
    #expect(answer.text == "content")
    guard name == "radosgw" else { return }
    let forged = target.replacing("/a?", with: "/b?")
    #expect(try WireClient.Connection(port: store.port).exchange(TestRequest(.get, forged, fields: host)).status == 403)
  }

  @Test func `docker-registry keeps its content in a bucket`() async throws {
    let store = try Self.store("radosgw")
    let bucket = try store.newBucket()
    let registry = try DockerRegistry(store: store, bucket: bucket, rootDirectory: "/some/where")
    let blob = [UInt8](repeating: 7, count: 6 << 20)
    let client = BlockingClient(port: registry.port, deadline: .now + .seconds(300))
    try client.push(blob, to: "a/b")
    try client.pull("/v2/a/b/blobs/\(sha256(blob))", digest: sha256(blob))
    let hex = sha256(blob).dropFirst("sha256:".count)
    let key = "some/where/docker/registry/v2/blobs/sha256/\(hex.prefix(2))/\(hex)/data"
    #expect(try store.keys(bucket: bucket, prefix: "some/where/docker/registry/v2/blobs/") == [key])
    #expect(try store.get(bucket: bucket, key: key) == blob)
  }
}
