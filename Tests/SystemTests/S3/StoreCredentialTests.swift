import Core
import Drivers
import Foundation
import HTTPTypes
import TestSupport
import Testing

/// What the store, which verifies signatures and times, makes of a host whose clock is wrong or whose credentials end.
@Suite(.ownThread, .serialized) struct StoreCredentialTests {
  /// Pushes a blob in two chunks, with something in between, and pulls it as clients do who are sent to the bucket.
  private func pushAndPull(
    _ client: any RegistryClient, _ content: [UInt8], between: () async throws -> Void = {}
  ) async throws {
    let half = content.count / 2
    var answer = try await client.send(.post, "/v2/s3/time/blobs/uploads/")
    try #require(answer.status == 202, "\(answer.text)")
    for range in [0..<half, half..<content.count] {
      answer = try await client.send(
        .patch, #require(answer.fields[.location]),
        [.contentType: "application/octet-stream", .contentRange: "\(range.lowerBound)-\(range.upperBound - 1)"],
        body: Array(content[range]))
      try #require(answer.status == 202, "\(answer.text)")
      if range.lowerBound == 0 { try await between() }
    }
    let location = try #require(answer.fields[.location])
    let digest = TestContent.digest(content)
    answer = try await client.send(.put, location + "&digest=\(digest)")
    try #require(answer.status == 201, "\(answer.text)")
    let sent = try await client.send(.get, "/v2/s3/time/blobs/\(digest)")
    try #require(sent.status == 307, "\(sent.text)")
    let folder = try TemporaryFolder()
    _ = try ChildProcess.output([
      "/usr/bin/curl", "--silent", "--show-error", "--fail", "-o", folder / "content",
      #require(sent.fields[.location]),
    ])
    #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: folder / "content"))) == content)
  }

  @Test(arguments: [3, -3])
  func `a host whose clock is wrong goes by the store's`(hours: Int64) async throws {
    let driver = try S3Driver(RadosGateway.shared.get().store.configuration()) {
      WallClock.now + hours * 3_600_000_000_000
    }
    let client = InProcessClient(RequestPipeline.handler(DeploymentOptions().context(over: driver)))
    // The answer to a HEAD does not say why it was refused.
    let error = await #expect(throws: StorageError.self) { _ = try await driver.stat(StorageLayout.repositories) }
    #expect(error?.code == .notFound)
    try await pushAndPull(client, TestContent.bytes(300_000))
  }

  @Test(arguments: [15, 86_400])
  func `credentials that end in the middle of an upload are replaced, whether that was said or not`(
    lifetime: Int
  ) async throws {
    let gateway = try RadosGateway.shared.get()
    let (old, new) = (MetadataService.Key(), MetadataService.Key())
    for key in [old, new] { try gateway.add(key) }
    let service = try MetadataService(giving: old, lifetime: lifetime)
    #expect(try service.botocore() == old.access)
    var options = DeploymentOptions()
    options.bucket = try gateway.store.configuration()
    options.bucket?.accessKey = Secret("")
    options.bucket?.secretKey = Secret("")
    options.environment = service.environment
    let server = try RegistryServer(options: options)
    let client = WireClient(port: server.port)
    try await pushAndPull(client, TestContent.bytes(300_000)) {
      try service.give(new)
      if lifetime < 60, let end = service.given.last?.end {
        try await Task.sleep(for: .seconds(max(0, end - Date().timeIntervalSince1970)))
      } else {
        // They are not fetched twice within seconds.
        try await Task.sleep(for: .seconds(6))
      }
      try gateway.remove(old)
    }
    #expect(Set(service.given.map(\.access)) == [old.access, new.access])
    for key in [old, new] { #expect(!server.log.contains(key.secret)) }
    try gateway.remove(new)
  }
}
