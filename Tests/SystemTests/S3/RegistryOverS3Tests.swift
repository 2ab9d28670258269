import Core
import Foundation
import HTTPTypes
import TestSupport
import Testing

/// Registries over one bucket: several hosts, real clients, and docker-registry before and after.
@Suite(.ownThread, .serialized) struct RegistryOverS3Tests {
  /// Starts a host over a bucket.
  private static func host(
    _ store: ObjectStore, bucket: String, rootDirectory: String = "/", redirects: Bool = false
  ) throws -> RegistryServer {
    var options = DeploymentOptions()
    options.bucket = try store.configuration()
    options.bucket?.bucket = bucket
    options.bucket?.rootDirectory = rootDirectory
    options.redirectDisabled = !redirects
    return try RegistryServer(options: options)
  }

  @Test(arguments: [true, false])
  func `skopeo and podman push and pull, sent to the bucket or by way of nginx`(redirects: Bool) async throws {
    let store = try RadosGateway.shared.get().store
    let server = try Self.host(store, bucket: store.newBucket(), redirects: redirects)
    let tools = try ImageTools()
    try await tools.build("local/one")
    let id = try await tools.podman("image", "inspect", "--format={{.Id}}", "local/one")
    let name = "127.0.0.1:\(server.port)/s3/one:1"
    try await tools.podman("push", "--quiet", "--tls-verify=false", "local/one", "docker://\(name)")
    try await tools.skopeo(
      "copy", "--quiet", "--src-tls-verify=false", "--dest-tls-verify=false", "docker://\(name)",
      "docker://\(name)-copy")
    try await tools.removeImages()
    #expect(try await tools.podman("pull", "--quiet", "--tls-verify=false", name + "-copy") == id)

    let client = WireClient(port: server.port)
    let image = try await TestImage.push(to: client, repository: "s3/two", tag: "1", unique: "two")
    let answer = try await client.send(.get, "/v2/s3/two/blobs/\(sha256(image.config))")
    #expect(answer.status == (redirects ? 307 : 200))
    if redirects {
      let location = try #require(answer.fields[.location])
      #expect(location.hasPrefix(store.endpoint + "/"))
      let content = try ChildProcess.output(["/usr/bin/curl", "--silent", "--fail", location])
      #expect(content == String(decoding: image.config, as: UTF8.self))
    } else {
      #expect(answer.body == image.config)
    }
    #expect(!server.log.contains(store.secretKey))
  }

  @Test func `an upload goes on at another host, in chunks of any size, and every host sees the blob`() async throws {
    let store = try RadosGateway.shared.get().store
    let bucket = try store.newBucket()
    let servers = try (0..<2).map { _ in try Self.host(store, bucket: bucket) }
    let hosts = servers.map { WireClient(port: $0.port) }
    let content = (0..<14 << 20).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 11) }
    var answer = try await hosts[0].send(.post, "/v2/s3/chunks/blobs/uploads/")
    var sent = 0
    // Less than a part of a multipart upload, more than two, and again less.
    for (index, size) in [100, 1 << 20, 11 << 20, 1, 5_000].enumerated() {
      let end = sent + size
      answer = try await hosts[index % 2].send(
        .patch, #require(answer.fields[.location]),
        [.contentType: "application/octet-stream", .contentRange: "\(sent)-\(end - 1)"],
        body: Array(content[sent..<end]))
      #expect(answer.status == 202)
      #expect(answer.fields[.range] == "0-\(end - 1)")
      sent = end
    }
    let location = try #require(answer.fields[.location])
    answer = try await hosts[1].send(
      .put, location + "&digest=" + sha256(content), [.contentType: "application/octet-stream"],
      body: Array(content[sent...]))
    #expect(answer.status == 201, "\(answer.text)")
    for host in hosts {
      #expect(try await host.send(.get, "/v2/s3/chunks/blobs/" + sha256(content)).body == content)
    }
    // Nothing is left of the upload.
    #expect(try store.keys(bucket: bucket, prefix: "docker/registry/v2/repositories/s3/chunks/_uploads") == [])
    #expect(try store.uploads(bucket: bucket) == [])
  }

  @Test func `docker-registry writes a bucket, Berth reads and adds, docker-registry reads all`() async throws {
    let store = try RadosGateway.shared.get().store
    let bucket = try store.newBucket()
    let peer = try DockerRegistry(store: store, bucket: bucket, rootDirectory: "/old/registry")
    let old = WireClient(port: peer.port)
    let image = try await TestImage.push(to: old, repository: "library/one", tag: "1", unique: "before")
    try await image.pushIndex(to: old, repository: "library/one", tag: "list")
    let before = try await RegistrySnapshot(of: old)
    let server = try Self.host(store, bucket: bucket, rootDirectory: "/old/registry")
    let client = WireClient(port: server.port)
    #expect(try await RegistrySnapshot(of: client) == before)
    try await TestImage.push(to: client, repository: "team/two", tag: "latest", unique: "after")
    try await TestImage.push(to: client, repository: "library/one", tag: "1", unique: "moved")
    let list = try #require(before.tags["library/one"]?["list"])
    #expect(try await client.send(.delete, "/v2/library/one/manifests/\(list)").status == 202)
    let after = try await RegistrySnapshot(of: client)
    #expect(after.tags["library/one"]?.keys.sorted() == ["1"])
    #expect(after.tags["team/two"]?.keys.sorted() == ["latest"])
    #expect(try await RegistrySnapshot(of: old) == after)
  }
}
