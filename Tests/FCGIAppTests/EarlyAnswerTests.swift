import Core
import Foundation
import Glibc
import HTTPTypes
import Synchronization
import TestSupport
import Testing

@testable import FCGIApp

/// Over a real nginx, which is who an early answer must reach.
@Suite(.ownThread) struct EarlyAnswerTests {
  /// nginx before a pool, on a free port. Ends with its owner.
  private final class Site {
    let port: UInt16
    private let harness: PoolHarness
    private let folder = Result { try TemporaryFolder() }
    private let nginx: ChildProcess

    init(maxSlowClients: Int = 16, handler: @escaping @Sendable (Request) async -> Response) throws {
      harness = try PoolHarness(maxSlowClients: maxSlowClients, handler: handler)
      port = try FreePort.next()
      let folder = try folder.get()
      let temporary = ["client_body", "fastcgi", "proxy", "uwsgi", "scgi"]
        .map { "\($0)_temp_path \(folder / $0);" }.joined(separator: " ")
      try """
      pid \(folder / "nginx.pid"); error_log \(folder / "error.log"); daemon off; user root;
      events {}
      http {
        access_log off; client_max_body_size 0; \(temporary)
        upstream berth { server unix:\(harness.path); keepalive 8; }
        server {
          listen 127.0.0.1:\(port);
          location / {
            fastcgi_pass berth; fastcgi_keep_conn on; fastcgi_request_buffering off;
            include /etc/nginx/fastcgi_params;
            fastcgi_param HTTP_TRANSFER_ENCODING $http_transfer_encoding;
          }
        }
      }
      """.write(toFile: folder / "nginx.conf", atomically: true, encoding: .utf8)
      nginx = try ChildProcess(
        ["/usr/sbin/nginx", "-e", folder / "error.log", "-p", folder.path, "-c", folder / "nginx.conf"],
        log: folder / "nginx.log")
      let port = port
      guard eventually({ (try? WireClient.Connection(port: port)) != nil }) else {
        throw FastCGIConnection.Failure(description: "nginx did not start")
      }
    }
  }

  @Test(arguments: [413, 416, 401], [false, true])
  func `a gigabyte that is refused is answered before it was sent, and the next request is sound`(
    status: Int, isChunked: Bool
  ) throws {
    let site = try Site { request in
      request.method == .patch ? .text("refused", status: status) : .text("sound")
    }
    // Clients look for an answer while they send, or when they have sent everything.
    for pieces in [4, 4, 1024] {
      let connection = try WireClient.Connection(port: site.port)
      let length = isChunked ? "Transfer-Encoding: chunked" : "Content-Length: \(1 << 30)"
      try connection.write(Array("PATCH / HTTP/1.1\r\nHost: x\r\n\(length)\r\n\r\n".utf8))
      var piece = [UInt8](repeating: 1, count: 1 << 20)
      if isChunked { piece = Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8) }
      var sent = 0
      while sent < pieces, (try? connection.write(piece)) != nil { sent += 1 }
      let answer = try connection.receive(for: .patch)
      #expect(answer.status == status)
      #expect(answer.text == "refused")
      let next = try WireClient.Connection(port: site.port).exchange(TestRequest(.get, "/"))
      #expect(next.text == "sound")
    }
  }

  @Test func `a client that streams while no more slow clients may be gets the refusal, never nginx's 502`() throws {
    let site = try Site(maxSlowClients: 0) { request in
      let (_, error) = await request.body.readAll()
      return .text("\(error.map { "\($0)" } ?? "")", status: 503)
    }
    let port = site.port
    let clients = (0..<4).map { _ in
      Background { () -> [String] in
        try (0..<25).map { _ in
          let connection = try WireClient.Connection(port: port)
          try connection.write(Array("PATCH / HTTP/1.1\r\nHost: x\r\nContent-Length: \(1 << 30)\r\n\r\n".utf8))
          let piece = [UInt8](repeating: 1, count: 64 << 10)
          var sent = 0
          while sent < 64, (try? connection.write(piece)) != nil { sent += 1 }
          let answer = try connection.receive(for: .patch)
          return "\(answer.status) \(answer.text)"
        }
      }
    }
    for client in clients { #expect(try client.wait().map { Set($0) } == ["503 overloaded"]) }
  }

  /// Requests of a soak; a longer one is asked for with `BERTH_TEST_REFUSED_REQUESTS=20000`.
  private static let soak =
    ProcessInfo.processInfo.environment["BERTH_TEST_REFUSED_REQUESTS"].flatMap { Int($0) } ?? 2000

  @Test func `requests that are refused before they were read break no others on the same kept connections`() throws {
    let site = try Site { request in
      guard request.method == .post else { return .text("refused", status: 400) }
      let (count, error) = await request.body.readAll()
      return .text("\(count) \(error.map { "\($0)" } ?? "")")
    }
    let port = site.port
    let left = Atomic(Self.soak)
    let refused = (0..<6).map { number in
      Background { () -> [Int: Int] in
        var statuses: [Int: Int] = [:]
        while left.load(ordering: .relaxed) > 0 {
          let size = [100, 5_000, 60_000, 70_000, 150_000, 250_000, 1_000_000].randomElement() ?? 0
          let connection = try WireClient.Connection(port: port)
          // Some are still sending when they are answered.
          let method = number == 0 ? "GET" : "PUT"
          try connection.write(Array("\(method) / HTTP/1.1\r\nHost: x\r\nContent-Length: \(size)\r\n\r\n".utf8))
          let first = [0, 1, size / 2, size].randomElement() ?? 0
          try? connection.write(.init(repeating: 1, count: first))
          if Bool.random() { usleep(.random(in: 0...3_000)) }
          try? connection.write(.init(repeating: 1, count: size - first))
          statuses[try connection.receive(for: .put).status, default: 0] += 1
        }
        return statuses
      }
    }
    let pushed = (0..<6).map { _ in
      Background { () -> [String] in
        var failures: [String] = []
        while left.subtract(1, ordering: .relaxed).newValue >= 0 {
          let answer = try WireClient.Connection(port: port)
            .exchange(TestRequest(.post, "/", body: .init(repeating: 1, count: 1000)), close: true)
          if answer.status != 200 || answer.text != "1000 " { failures.append("\(answer.status) \(answer.text)") }
        }
        return failures
      }
    }
    for client in pushed { #expect(try client.wait() == []) }
    for client in refused { #expect(try client.wait().map { Set($0.keys) } == [400]) }
  }

  @Test func `a chunked body that the client breaks off is not taken for a whole one`() throws {
    let results = Results()
    let site = try Site { request in
      if request.method == .patch {
        results.begin()
        results.add(await request.body.readAll())
      }
      return .text("")
    }
    do {
      let connection = try WireClient.Connection(port: site.port)
      try connection.write(
        Array("PATCH / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n".utf8))
      // nginx passes on nothing of a request whose client is gone before.
      #expect(eventually { results.hasBegun })
    }
    #expect(eventually { results.all.count == 1 })
    #expect(results.all.first?.error == .clientGone)
  }

  private final class Results: @unchecked Sendable {
    private let lock = NSLock()
    private var values: [(count: Int, error: RequestBodyError?)] = []
    private var begun = false
    func begin() { lock.withLock { begun = true } }
    var hasBegun: Bool { lock.withLock { begun } }
    func add(_ value: (count: Int, error: RequestBodyError?)) { lock.withLock { values.append(value) } }
    var all: [(count: Int, error: RequestBodyError?)] { lock.withLock { values } }
  }
}
