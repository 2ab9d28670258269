import Core
import Foundation
import HTTPTypes
import Synchronization
import TestSupport
import Testing

/// More clients than threads.
@Suite(.ownThread, .serialized) struct ManyConnectionsTests {
  @Test("64 kept connections share 8 threads, and none of them waits for another to go")
  func keptConnections() async throws {
    var options = DeploymentOptions()
    (options.workers, options.threads) = (1, 8)
    let server = try RegistryServer(options: options)
    let port = server.port
    let answered = Mutex([Int](repeating: 0, count: 64))
    let end = ContinuousClock.now + .seconds(4)
    try await Threads.run(count: 64) { index in
      let connection = try WireClient.Connection(port: port)
      while ContinuousClock.now < end {
        let answer = try connection.exchange(TestRequest(.get, "/v2/"))
        guard answer.status == 200 else { throw Failure("\(answer.status)") }
        answered.withLock { $0[index] += 1 }
      }
    }
    let counts = answered.withLock { $0 }
    let mean = counts.reduce(0, +) / counts.count
    // A thread that were held by a kept connection would starve all but eight for as long as the test lasts.
    #expect(counts.allSatisfy { $0 > mean / 5 }, "\(counts)")
  }

  @Test("100 slow uploads do not stop 16 clients that pull, and come to their end")
  func slowUploads() async throws {
    var options = DeploymentOptions()
    (options.workers, options.threads) = (2, 8)
    let server = try RegistryServer(options: options)
    let port = server.port
    let image = try await TestImage.push(to: WireClient(port: port), repository: "pulled", tag: "1", unique: "pulled")
    let size = 100_000
    let uploads = try (0..<100).map { _ in try Self.beginUpload(port: port, size: size) }

    let pulling = Atomic(16)
    let sent = Mutex(0)
    try await Threads.run(count: 17) { index in
      guard index < 16 else {
        // A byte for each upload, again and again.
        while pulling.load(ordering: .acquiring) > 0 {
          for upload in uploads { try upload.write([7]) }
          sent.withLock { $0 += 1 }
          usleep(50_000)
        }
        return
      }
      defer { pulling.subtract(1, ordering: .releasing) }
      let client = BlockingClient(port: port, deadline: .now + .seconds(60))
      for _ in 0..<25 {
        try client.pull("/v2/pulled/manifests/1", digest: sha256(image.manifest))
        for blob in image.blobs { try client.pull("/v2/pulled/blobs/\(sha256(blob))", digest: sha256(blob)) }
      }
    }
    let rest = [UInt8](repeating: 7, count: size - sent.withLock { $0 })
    for upload in uploads {
      try upload.write(rest)
      let answer = try upload.receive(for: .patch)
      #expect(answer.status == 202, "\(answer.text)")
      #expect(answer.fields[.range] == "0-\(size - 1)")
    }
  }

  /// Begins an upload and the PATCH of a chunk of which no byte is sent yet.
  private static func beginUpload(port: UInt16, size: Int) throws -> Upload {
    let connection = try WireClient.Connection(port: port)
    let begun = try connection.exchange(TestRequest(.post, "/v2/slow/blobs/uploads/"))
    guard begun.status == 202, let location = begun.fields[.location] else { throw Failure("\(begun.status)") }
    let head = "PATCH \(location) HTTP/1.1\r\nHost: registry.test\r\nContent-Type: application/octet-stream\r\n"
    try connection.write(Array("\(head)Content-Length: \(size)\r\n\r\n".utf8))
    return Upload(connection: connection)
  }

  /// A connection that one thread uses at a time: the trickling one, and then the test's.
  private struct Upload: @unchecked Sendable {
    let connection: WireClient.Connection

    func write(_ bytes: [UInt8]) throws { try connection.write(bytes) }
    func receive(for method: HTTPRequest.Method) throws -> TestResponse { try connection.receive(for: method) }
  }
}
