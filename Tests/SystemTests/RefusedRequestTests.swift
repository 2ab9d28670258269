import Core
import Foundation
import HTTPTypes
import Synchronization
import TestSupport
import Testing

/// Requests that are refused before their body was read, beside those of others. nginx uses a connection to a worker
/// again where it has sent the whole body, so that a worker which closes it breaks the next request on it.
@Suite(.ownThread) struct RefusedRequestTests {
  /// Why requests are refused.
  enum Reason: String, CaseIterable, CustomTestStringConvertible {
    case badManifest, tooLong, readOnly, unhealthy

    var testDescription: String { rawValue }
  }

  /// Requests of those beside; more are asked for with `BERTH_TEST_REFUSED_REQUESTS=20000`.
  static let requests = ProcessInfo.processInfo.environment["BERTH_TEST_REFUSED_REQUESTS"].flatMap { Int($0) } ?? 1000

  @Test("requests that are refused break no others", arguments: Reason.allCases)
  func refusals(reason: Reason) async throws {
    var options = DeploymentOptions()
    options.readOnly = reason == .readOnly
    options.extraYAML = "health:\n  storagedriver: {enabled: true, interval: 1s, threshold: 1}\n"
    let server = try RegistryServer(options: options)
    let port = server.port
    if reason == .unhealthy {
      try FileManager.default.moveItem(atPath: server.rootDirectory, toPath: server.rootDirectory + ".away")
      let client = WireClient(port: port)
      _ = try await Eventually.value("refusal") {
        try await client.send(TestRequest(.get, "/v2/")).status == 503 ? 1 : nil
      }
    }
    let left = Atomic(Self.requests)
    let statuses = Mutex<[Int: Int]>([:])
    try await Threads.run(count: 12) { index in
      while left.load(ordering: .relaxed) > 0 {
        let connection = try WireClient.Connection(port: port)
        let answer: TestResponse
        if index < 6 {
          answer = try Self.refused(reason, on: connection)
        } else {
          left.subtract(1, ordering: .relaxed)
          let digest = sha256([UInt8(index)])
          answer = try connection.exchange(
            TestRequest(.post, "/v2/soak/\(index)/blobs/uploads/?digest=\(digest)", body: [UInt8(index)]), close: true)
        }
        statuses.withLock { $0[answer.status, default: 0] += 1 }
      }
    }
    let expected: Set<Int> =
      switch reason {
      case .badManifest: [201, 400]
      case .tooLong: [201, 413]
      case .readOnly: [405]
      case .unhealthy: [503]
      }
    #expect(statuses.withLock { Set($0.keys) } == expected, "\(statuses.withLock { $0 })")
  }

  /// A manifest that is refused, in two pieces, the second of which may come when it has been.
  private static func refused(_ reason: Reason, on connection: WireClient.Connection) throws -> TestResponse {
    let size =
      reason == .tooLong ? (4 << 20) + 1 : [10, 5_000, 70_000, 200_000, 1_000_000, 4 << 20].randomElement() ?? 0
    try connection.write(
      Array(
        """
        PUT /v2/soak/refused/manifests/1 HTTP/1.1\r\nHost: registry.test\r\nContent-Type: \(TestImage.manifestType)\r
        Content-Length: \(size)\r\n\r\n
        """.utf8))
    let first = [0, 1, size / 2, size].randomElement() ?? 0
    try? connection.write(.init(repeating: 1, count: first))
    if Bool.random() { usleep(.random(in: 0...3_000)) }
    try? connection.write(.init(repeating: 1, count: size - first))
    return try connection.receive(for: .put)
  }
}
