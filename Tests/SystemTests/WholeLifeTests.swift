import Foundation
import HTTPTypes
import TestSupport
import Testing

/// Everything that clients and operators do, at once, and the processes that do it live on: what a compiler got wrong
/// when it optimised ends a worker, and another one takes its place.
@Suite(.ownThread) struct WholeLifeTests {
  /// One client's repositories: one within the other, and beside it in the order of names.
  private struct Client {
    let number: Int
    let port: UInt16

    var wire: WireClient { WireClient(port: port) }
    var client: BlockingClient { BlockingClient(port: port, deadline: .now + .seconds(300)) }
    /// In the order of the catalog.
    var names: [String] { ["", "-x", "/b", "/b/c", "0"].map { "life\(number)\($0)" } }

    /// Some of the names that the catalog has, over pages of so many.
    func catalog(_ size: Int) throws -> [String] {
      try RegistrySnapshot.list(wire, "/v2/_catalog?n=\(size)", "repositories").filter { $0.hasPrefix("life\(number)") }
    }

    /// For a thread that the test does not know.
    func expect(_ condition: Bool, _ text: String) throws {
      if !condition { throw Failure("\(number): \(text)") }
    }

    func expect(_ status: Int, _ request: TestRequest) throws -> TestResponse {
      let answer = try client.send(request)
      guard answer.status == status else {
        throw Failure("\(request.method) \(request.target): \(answer.status) \(answer.text)")
      }
      return answer
    }

    func run() throws {
      for name in names { try push(name) }
      let image = TestImage(unique: names[0])
      let blob = sha256(image.layers[0])
      _ = try expect(201, TestRequest(.post, "/v2/\(names[4])/blobs/uploads/?mount=\(blob)&from=\(names[0])"))
      for size in [1, 2, 100] {
        try expect(catalog(size) == names, "the catalog in pages of \(size)")
        let tags = try RegistrySnapshot.list(wire, "/v2/\(names[1])/tags/list?n=\(size)", "tags")
        try expect(tags == ["v1", "v2", "v3"], "\(tags)")
      }
      try refer(to: image)
      for name in names {
        for blob in TestImage(unique: name).blobs {
          try client.pull("/v2/\(name)/blobs/\(sha256(blob))", digest: sha256(blob))
        }
      }
      let manifest = "/v2/\(names[0])/manifests/\(sha256(image.manifest))"
      _ = try expect(200, TestRequest(.head, manifest, fields: [.accept: TestImage.manifestType]))
      _ = try expect(
        304, TestRequest(.get, manifest, fields: [.ifNoneMatch: "\"\(sha256(image.manifest))\""]))
      _ = try expect(206, TestRequest(.get, "/v2/\(names[0])/blobs/\(blob)", fields: [.range: "bytes=5-9"]))
      _ = try expect(200, TestRequest(.head, "/v2/\(names[4])/blobs/\(blob)"))

      _ = try expect(202, TestRequest(.delete, "/v2/\(names[1])/manifests/v3"))
      let gone = sha256(TestImage(unique: names[3]).manifest)
      _ = try expect(202, TestRequest(.delete, "/v2/\(names[3])/manifests/\(gone)"))
      try expect(catalog(1) == names.filter { $0 != names[3] }, "\(gone) in the catalog")
    }

    private func push(_ name: String) throws {
      let image = TestImage(unique: name)
      for blob in image.blobs { try client.push(blob, to: name) }
      for tag in ["v1", "v2", "v3"] {
        guard try client.push(manifest: image.manifest, to: name, tag: tag) else { throw Failure("blobs of \(name)") }
      }
    }

    /// Pushes a manifest about an image, and finds it.
    private func refer(to image: TestImage) throws {
      let text = String(decoding: image.manifest, as: UTF8.self)
      let subject =
        #"{"mediaType":"\#(TestImage.manifestType)","digest":"\#(sha256(image.manifest))","#
        + #""size":\#(image.manifest.count)}"#
      let referrer = Array((text.dropLast() + #","artifactType":"test/about","subject":\#(subject)}"#).utf8)
      let target = "/v2/\(names[0])/manifests/\(sha256(referrer))"
      _ = try expect(
        201, TestRequest(.put, target, fields: [.contentType: TestImage.manifestType], body: referrer))
      let list = try expect(200, TestRequest(.get, "/v2/\(names[0])/referrers/\(sha256(image.manifest))"))
      try expect(list.text.contains(sha256(referrer)) && list.text.contains("test/about"), list.text)
    }
  }

  @Test func `clients push, pull, list, delete and collect, and no process ends over it`() async throws {
    var options = DeploymentOptions()
    options.cache = .inMemory
    let server = try RegistryServer(options: options)
    let port = server.port
    // Two workers and the keeper.
    let deadline = ContinuousClock.now + .seconds(300)
    while server.children.count < 3, ContinuousClock.now < deadline { usleep(10_000) }
    let children = server.children
    try #require(children.count == 3)
    let clients = (1...6).map { Client(number: $0, port: port) }
    try await Threads.run(count: clients.count) { try clients[$0].run() }
    // Nobody changes anything any more, so that what was seen is gone by.
    try await Threads.run(count: 16) { index throws in
      let client = clients[index % clients.count]
      for _ in 0..<50 { try client.expect(client.catalog(100).count == 4, "the catalog") }
    }

    let before = try await RegistrySnapshot(of: WireClient(port: port))
    #expect(before.tags.count == 4 * clients.count)
    let berth = try RegistryServer.berthExecutable()
    let configuration = server.folder / "config.yml"
    let collection = try ChildProcess.run([berth, "garbage-collect", configuration, "--older-than", "0s"])
    // The config and the layers of what each client has deleted.
    #expect(
      collection.status == 0 && collection.output.contains("blobs: \(4 * clients.count) removed"), "\(collection)")
    let verification = try ChildProcess.run([berth, "verify", configuration])
    #expect(verification.status == 0, "\(verification)")
    #expect(try await RegistrySnapshot(of: WireClient(port: port)) == before)
    #expect(server.children == children, "\(server.log)")
  }
}
