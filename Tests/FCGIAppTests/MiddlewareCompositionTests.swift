import Core
import Drivers
import Foundation
import HTTPTypes
import Logging
import Synchronization
import TestSupport
import Testing

@testable import FCGIApp

@Suite(.ownThread) struct MiddlewareCompositionTests {
  private static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  /// Where clients get `/x` from with this middleware over files that nginx sends, or over what `storage` names.
  private func direct(
    _ middleware: String, storage: Configuration.Storage.Driver? = nil, redirectDisabled: Bool = false
  ) async throws -> DirectURL? {
    let text = "version: 0.1\nstorage: filesystem\nmiddleware: {storage: [\(middleware)]}"
    var configuration = try NginxServer.configuration(text)
    if let storage { configuration.storage.driver = storage }
    configuration.storage.redirectDisabled = redirectDisabled
    let folder = try TemporaryFolder()
    let files = try FilesystemDriver(rootDirectory: folder.path, maxThreads: 25, accelPrefix: "/_files")
    let driver = try Composition.withMiddleware(configuration, over: files, Self.silent)
    return try await driver.directURL(
      for: #require(StoragePath("/x")), answering: DownloadRequest(clientAddress: "192.0.2.1"))
  }

  private static let redirect = "{name: redirect, options: {baseurl: \"https://a.test/b\"}}"

  @Test(arguments: [
    ("", DirectURL.internalPath("/_files/x")), ("\(redirect)", .url("https://a.test/b/x")),
    ("{name: redirect, disabled: true, options: {baseurl: \"https://a.test\"}}", .internalPath("/_files/x")),
    ("{name: own, disabled: true}, \(redirect)", .url("https://a.test/b/x")),
    ("\(redirect), {name: rewrite, options: {host: c.test, trimpathprefix: /b}}", .url("https://c.test/x")),
    ("{name: rewrite, options: {host: c.test}}, \(redirect)", .url("https://a.test/b/x")),
    ("{name: rewrite, options: {host: c.test}}", .internalPath("/_files/x")),
  ])
  func `middleware is put together in the order of the file`(text: String, expected: DirectURL) async throws {
    #expect(try await direct(text) == expected)
  }

  @Test func `where clients are to be sent nowhere, nginx sends the files`() async throws {
    #expect(try await direct(Self.redirect, redirectDisabled: true) == .internalPath("/_files/x"))
  }

  @Test func `cloudfront is for buckets`() async throws {
    let folder = try TemporaryFolder()
    _ = try ChildProcess.output(["/usr/bin/openssl", "genrsa", "-out", folder / "key.pem", "2048"])
    let text = "{name: cloudfront, options: {baseurl: cdn.test, privatekey: \(folder / "key.pem"), keypairid: K}}"
    #expect(try await direct(text) == .internalPath("/_files/x"))
    var bucket = Configuration.S3()
    bucket.rootDirectory = "/root"
    guard case .url(let url)? = try await direct(text, storage: .s3(bucket)) else {
      Issue.record("no URL")
      return
    }
    #expect(url.hasPrefix("https://cdn.test/root/x?Expires="))
  }

  @Test func `middleware is told the client's address, once for each GET that needs bytes`() async throws {
    let seen = Mutex<[DownloadRequest]>([])
    let driver = MiddlewareDriver(
      Witness(seen: { request in seen.withLock { $0.append(request) } }), over: InMemoryDriver())
    let client = InProcessClient(RequestPipeline.handler(DeploymentOptions().context(over: driver)))
    let content = TestContent.bytes(10)
    let digest = TestContent.digest(content)
    #expect(try await client.send(.post, "/v2/a/blobs/uploads/?digest=\(digest)", body: content).status == 201)
    let target = "/v2/a/blobs/\(digest)"
    #expect(try await client.send(.head, target).status == 200)
    #expect(try await client.send(.get, target, [.ifNoneMatch: "\"\(digest)\""]).status == 304)
    #expect(seen.withLock { $0 }.isEmpty)
    let answer = try await client.send(.get, target, [.range: "bytes=1-2"])
    #expect(answer.status == 307 && answer.fields[.location] == "https://witness.test/x" && answer.body.isEmpty)
    #expect(seen.withLock { $0 } == [DownloadRequest(clientAddress: "127.0.0.1")])
  }
}

/// Tells of what it is asked.
private struct Witness: StorageMiddleware {
  let seen: @Sendable (DownloadRequest) -> Void

  func directURL(
    for path: StoragePath, answering request: DownloadRequest, over driver: any StorageDriver
  ) async throws(StorageError) -> DirectURL? {
    seen(request)
    return .url("https://witness.test/x")
  }
}
