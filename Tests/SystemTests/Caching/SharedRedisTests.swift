import Foundation
import HTTPTypes
import TestSupport
import Testing

/// docker-registry and Berth over one storage and one Redis.
@Suite(.ownThread) struct SharedRedisTests {
  private let redis: RedisServer
  private let storage: TemporaryFolder
  private let peer: DockerRegistry
  private let berth: RegistryServer
  private let content = Array("shared by two registries".utf8)
  private var digest: String { sha256(content) }

  init() throws {
    redis = try RedisServer()
    storage = try TemporaryFolder()
    peer = try DockerRegistry(rootDirectory: storage.path, redis: redis.address)
    var options = DeploymentOptions()
    options.cache = .redis([redis.address])
    berth = try RegistryServer(options: options, rootDirectory: storage.path)
  }

  private func status(_ port: UInt16) async throws -> Int {
    try await WireClient(port: port).send(.head, "/v2/team/app/blobs/\(digest)").status
  }

  private func push(_ port: UInt16) async throws {
    let client = WireClient(port: port)
    let begun = try await client.send(.post, "/v2/team/app/blobs/uploads/")
    let location = try #require(begun.fields[.location].flatMap { URLComponents(string: $0) })
    let target = "\(location.percentEncodedPath)?\(location.percentEncodedQuery ?? "")&digest=\(digest)"
    #expect(
      try await client.send(.put, target, [.contentType: "application/octet-stream"], body: content).status == 201)
  }

  /// Behind the back of both.
  private func removeLink() throws {
    let hex = digest.dropFirst("sha256:".count)
    try FileManager.default.removeItem(
      atPath: storage / "docker/registry/v2/repositories/team/app/_layers/sha256/\(hex)/link")
  }

  @Test func `docker-registry goes by what Berth has remembered`() async throws {
    try await push(berth.port)
    #expect(try await status(berth.port) == 200)
    // So that nothing but Redis can tell.
    try removeLink()
    #expect(try await status(peer.port) == 200)
  }

  @Test func `Berth looks into the storage before it goes by what docker-registry has remembered`() async throws {
    try await push(peer.port)
    #expect(try await status(peer.port) == 200)
    #expect(try redis.cli("HGET", "blobs::\(digest)", "size") == "\(content.count)")
    #expect(try await status(berth.port) == 200)
    try await push(peer.port)
    #expect(try await status(berth.port) == 200)
  }

  @Test func `what docker-registry has remembered of a link that is gone is not told by Berth`() async throws {
    try await push(peer.port)
    #expect(try await status(peer.port) == 200)
    try removeLink()
    #expect(try await status(berth.port) == 404)
  }

  @Test func `what a command collects, or deletes with its repository, docker-registry forgets, too`() async throws {
    let command = { (arguments: [String]) in
      try ChildProcess.run([try RegistryServer.berthExecutable()] + arguments)
    }
    try await push(berth.port)
    #expect(try await status(peer.port) == 200)
    #expect(try redis.cli("SISMEMBER", "repository::team/app::blobs", digest) == "1")
    #expect(try command(["repository", "delete", berth.folder / "config.yml", "team/app"]).status == 0)
    #expect(try redis.cli("EXISTS", "repository::team/app::blobs") == "0")
    #expect(try await status(berth.port) == 404)
    #expect(try redis.cli("HGET", "blobs::\(digest)", "digest") == digest)
    #expect(
      try command(["garbage-collect", berth.folder / "config.yml", "--older-than", "0s"]).output.contains("1 "))
    #expect(try redis.cli("HGET", "blobs::\(digest)", "digest") == "")
    for port in [peer.port, berth.port] { #expect(try await status(port) == 404) }
  }

  @Test func `what one of them deletes is gone for the other`() async throws {
    for (remover, other) in [(peer.port, berth.port), (berth.port, peer.port)] {
      for pusher in [peer.port, berth.port] {
        try await push(pusher)
        #expect(try await status(remover) == 200)
        #expect(try await status(other) == 200)
        let client = WireClient(port: remover)
        #expect(try await client.send(.delete, "/v2/team/app/blobs/\(digest)").status == 202)
        #expect(try await status(remover) == 404)
        #expect(try await status(other) == 404)
      }
    }
  }
}
