import Foundation
import HTTPTypes
import TestSupport
import Testing

/// One storage directory, from docker-registry to Berth and back again.
@Suite(.ownThread) struct TakeoverTests {
  @Test("docker-registry writes, Berth reads and adds, docker-registry reads all")
  func thereAndBack() async throws {
    let storage = try TemporaryFolder()
    let before = try await writtenByPeer(storage.path)
    let server = try RegistryServer(options: DeploymentOptions(), rootDirectory: storage.path)
    let client = WireClient(port: server.port)
    #expect(try await RegistrySnapshot(of: client) == before)
    let image = try await TestImage.push(to: client, repository: "library/one", tag: "2", unique: "after")
    try await image.pushIndex(to: client, repository: "team/three", tag: "list")
    // The same tag moves, and one is deleted.
    try await TestImage.push(to: client, repository: "team/two", tag: "latest", unique: "moved")
    let deleted = try #require(before.tags["library/one"]?["list"])
    #expect(try await client.send(.delete, "/v2/library/one/manifests/\(deleted)").status == 202)
    let after = try await RegistrySnapshot(of: client)
    #expect(after.tags["library/one"]?.keys.sorted() == ["1", "2"])
    #expect(after.tags["team/two"] != before.tags["team/two"])
    #expect(after.tags["team/three"]?.keys.sorted() == ["list"])

    let peer = try DockerRegistry(rootDirectory: storage.path)
    #expect(try await RegistrySnapshot(of: WireClient(port: peer.port)) == after)
  }

  @Test("docker-registry reads and collects what Berth's deletions leave")
  func afterDeletions() async throws {
    let storage = try TemporaryFolder()
    _ = try await writtenByPeer(storage.path)
    var options = DeploymentOptions()
    options.deleteRepositories = true
    let server = try RegistryServer(options: options, rootDirectory: storage.path)
    let client = WireClient(port: server.port)
    let before = try await RegistrySnapshot(of: client)
    try await TestImage.push(to: client, repository: "library/one/below", tag: "1", unique: "below")
    for digest in before.tags["team/two"]?.values ?? [:].values {
      #expect(try await client.send(.delete, "/v2/team/two/manifests/\(digest)").status == 202)
    }
    for blob in before.blobs where blob.hasPrefix("team/two@") {
      #expect(try await client.send(.delete, "/v2/team/two/blobs/\(blob.dropFirst("team/two@".count))").status == 202)
    }
    #expect(try await client.send(.delete, "/v2/library/one/_berth/repository").status == 202)
    let after = try await RegistrySnapshot(of: client)
    #expect(Array(after.tags.keys) == ["library/one/below"])
    let peer = try DockerRegistry(rootDirectory: storage.path)
    #expect(try await RegistrySnapshot(of: WireClient(port: peer.port)) == after)
    for name in ["team/two", "library/one"] {
      #expect(try await WireClient(port: peer.port).send(.get, "/v2/\(name)/tags/list").status == 404)
    }
    try peer.collectGarbage()
    #expect(try await RegistrySnapshot(of: client) == after)
  }

  @Test("Berth leaves out of the catalog what docker-registry has deleted, once nothing is left")
  func afterDeletionsOfPeer() async throws {
    let storage = try TemporaryFolder()
    let before = try await writtenByPeer(storage.path)
    let server = try RegistryServer(options: DeploymentOptions(), rootDirectory: storage.path)
    let client = WireClient(port: server.port)
    #expect(try await RegistrySnapshot(of: client) == before)
    let peer = try DockerRegistry(rootDirectory: storage.path)
    for digest in before.tags["team/two"]?.values ?? [:].values {
      #expect(try await WireClient(port: peer.port).send(.delete, "/v2/team/two/manifests/\(digest)").status == 202)
    }
    // What was seen a moment ago holds for a second.
    let deadline = ContinuousClock.now + .seconds(300)
    while try await RegistrySnapshot(of: client).tags.keys.sorted() != ["library/one"], ContinuousClock.now < deadline {
      try await Task.sleep(for: .milliseconds(100))
    }
    #expect(try await RegistrySnapshot(of: client).tags.keys.sorted() == ["library/one"])
    #expect(try await client.send(.get, "/v2/team/two/tags/list").text.contains("[]"))
  }

  private func writtenByPeer(_ rootDirectory: String) async throws -> RegistrySnapshot {
    let peer = try DockerRegistry(rootDirectory: rootDirectory)
    let client = WireClient(port: peer.port)
    let image = try await TestImage.push(to: client, repository: "library/one", tag: "1", unique: "before")
    try await image.pushIndex(to: client, repository: "library/one", tag: "list")
    try await TestImage.push(to: client, repository: "team/two", tag: "latest", unique: "before too")
    return try await RegistrySnapshot(of: client)
  }

  @Test("an upload that docker-registry began is finished by Berth, and the other way round", arguments: [true, false])
  func uploadChangesHands(fromPeer: Bool) async throws {
    let storage = try TemporaryFolder()
    let peer = try DockerRegistry(rootDirectory: storage.path)
    let server = try RegistryServer(options: DeploymentOptions(), rootDirectory: storage.path)
    let (first, second) = fromPeer ? (peer.port, server.port) : (server.port, peer.port)
    let content = [UInt8]((0..<100_000).map { UInt8(truncatingIfNeeded: $0 / 7) })
    let begun = try await WireClient(port: first).send(.post, "/v2/team/upload/blobs/uploads/")
    #expect(begun.status == 202)
    let patched = try await WireClient(port: first).send(
      .patch, try target(begun), [.contentType: "application/octet-stream"], body: Array(content[..<60_001]))
    #expect(patched.status == 202)
    let finished = try await WireClient(port: second).send(
      .put, try target(patched) + "&digest=" + sha256(content), [.contentType: "application/octet-stream"],
      body: Array(content[60_001...]))
    #expect(finished.status == 201, "\(finished.text)")
    for port in [first, second] {
      let answer = try await WireClient(port: port).send(.get, "/v2/team/upload/blobs/" + sha256(content))
      #expect(answer.body == content)
    }
  }

  /// The path and query of a Location, whichever host it names.
  private func target(_ answer: TestResponse) throws -> String {
    let location = try #require(answer.fields[.location])
    let url = try #require(URLComponents(string: location))
    return url.percentEncodedPath + "?" + (url.percentEncodedQuery ?? "")
  }
}
