import Core
import Drivers
import Foundation
import HTTPTypes
import TestSupport
import Testing

/// What the store, which verifies signatures and times, makes of a host whose clock is wrong or whose credentials end.
@Suite(.ownThread, .serialized) struct StoreCredentialTests {
  private static func options(_ store: ObjectStore) throws -> DeploymentOptions {
    var options = DeploymentOptions()
    options.bucket = try store.configuration()
    return options
  }

  /// Pushes a blob in two chunks, with something in between, and pulls it as clients do who are sent to the bucket.
  private func pushAndPull(
    _ client: any RegistryClient, _ content: [UInt8], between: () async throws -> Void = {}
  ) async throws {
    let half = content.count / 2
    var answer = try await client.send(.post, "/v2/s3/time/blobs/uploads/")
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

  @Test func `credentials that expire in the middle of an upload are replaced`() async throws {
    let store = try RadosGateway.shared.get().store
    let service = try MetadataService(store, lifetime: 30)
    let found = try service.botocore()
    try #require(!found.isEmpty && found == service.sessions.last?.AccessKeyId, "\(service.log)")
    var options = try Self.options(store)
    options.bucket?.accessKey = Secret("")
    options.bucket?.secretKey = Secret("")
    options.environment = service.environment
    let server = try RegistryServer(options: options)
    let client = WireClient(port: server.port)
    try await pushAndPull(client, TestContent.bytes(300_000)) {
      // All that were given so far have ended.
      let last = try #require(service.sessions.map(\.end).max())
      try await Task.sleep(for: .seconds(max(0, last - Date().timeIntervalSince1970) + 1))
      let old = try #require(service.sessions.first)
      #expect(try store.refuses(old), "radosgw takes a session that has ended")
    }
    #expect(service.sessions.count >= 3)
    for session in service.sessions {
      #expect(!server.log.contains(session.SecretAccessKey))
      #expect(!server.log.contains(session.Token))
    }
  }
}

extension ObjectStore {
  /// Whether it lets nobody do anything with a session.
  fileprivate func refuses(_ session: MetadataService.Session) throws -> Bool {
    let script = """
      import sys, boto3, botocore
      endpoint, access_key, secret_key, token = sys.argv[1:]
      try:
          boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=access_key,
              aws_secret_access_key=secret_key, aws_session_token=token).list_buckets()
          print("taken")
      except botocore.exceptions.ClientError as error:
          print("refused", error)
      """
    let output = try ChildProcess.output([
      try PythonEnvironment.python(), "-c", script, endpoint, session.AccessKeyId, session.SecretAccessKey,
      session.Token,
    ])
    return output.hasPrefix("refused")
  }
}
