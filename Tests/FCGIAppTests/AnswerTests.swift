import Core
import Glibc
import HTTPTypes
import TestSupport
import Testing

@testable import FCGIApp

@Suite(.ownThread) struct AnswerTests {
  /// A file of `size` bytes that breaks after `available`.
  private final class Reader: StorageReader {
    let size: Int64
    private var available: Int
    private let fails: Bool

    init(size: Int64, available: Int, fails: Bool) {
      self.size = size
      self.available = available
      self.fails = fails
    }

    func read(into buffer: IOBuffer) async throws(StorageError) -> Int {
      let count = buffer.append(limit: available) { room in
        room.initializeMemory(as: UInt8.self, repeating: 5)
        return room.count
      }
      available -= count
      if count == 0 && fails { throw StorageError(.failed, "the disk broke") }
      return count
    }
  }

  @Test func `a file is sent whole`() throws {
    let harness = try PoolHarness { _ in
      Response(.ok, body: .file(Reader(size: 1_000_000, available: 2_000_000, fails: false), length: 1_000_000))
    }
    let connection = try harness.connect()
    for _ in 0..<2 {
      let answer = try connection.exchange()
      #expect(answer.isComplete)
      #expect(answer.head.contains("Content-Length: 1000000"))
      #expect(answer.body == .init(repeating: 5, count: 1_000_000))
    }
  }

  @Test func `clients that don't read what a worker sends don't stop others, and one too many is refused`() throws {
    let size = 8 << 20
    let harness = try PoolHarness(threads: 2, maxSlowClients: 4) { request in
      guard request.path == "/large" else { return .text("small") }
      return Response(.ok, body: .file(Reader(size: Int64(size), available: size, fails: false), length: Int64(size)))
    }
    let downloads = try (0..<4).map { _ in try harness.connect() }
    for download in downloads {
      try download.write(FastCGIConnection.begin("GET", "/large") + FastCGIConnection.endOfBody)
    }
    #expect(eventually { harness.pool.threads.slowClients == 4 })
    let other = try harness.connect()
    for _ in 0..<20 { #expect(try other.exchange().text == "small") }
    let refused = try other.exchange("GET", "/large")
    #expect(refused.status == 503)
    #expect(refused.head.contains("Retry-After: 5"))
    #expect(refused.isComplete)
    #expect(try other.exchange("HEAD", "/large").head.contains("Content-Length: \(size)"))
    for download in downloads {
      let answer = try download.answer()
      #expect(answer.isComplete)
      #expect(answer.body.count == size)
    }
    #expect(eventually { harness.pool.threads.slowClients == 0 })
    #expect(try harness.connect().exchange("GET", "/large").body.count == size)
  }

  @Test func `only a file that the web server can't take at once must have a place among the slow clients`() throws {
    let harness = try PoolHarness(maxSlowClients: 0) { request in
      let size = (64 << 10) + (request.query == "more" ? 1 : 0)
      guard request.path == "/file" else { return Response(.ok, body: .bytes(.init(repeating: 5, count: size))) }
      return Response(.ok, body: .file(Reader(size: Int64(size), available: size, fails: false), length: Int64(size)))
    }
    for path in ["/file", "/bytes"] {
      #expect(try harness.connect().exchange("GET", path).body.count == 64 << 10)
    }
    #expect(try harness.connect().exchange("GET", "/file?more").status == 503)
    // It is there already.
    #expect(try harness.connect().exchange("GET", "/bytes?more").body.count == (64 << 10) + 1)
  }

  @Test(arguments: [true, false])
  func `an answer that breaks off is not made to look complete`(fails: Bool) throws {
    let harness = try PoolHarness { _ in
      Response(.ok, body: .file(Reader(size: 1_000_000, available: 500_000, fails: fails), length: 1_000_000))
    }
    let connection = try harness.connect()
    let answer = try connection.exchange()
    #expect(answer.status == 200)
    #expect(!answer.isComplete)
    #expect(answer.body.count < 1_000_000)
    #expect(try connection.isClosed())
  }

  @Test func `an answer to HEAD, 204 and 304 has no body`() throws {
    let harness = try PoolHarness { request in
      switch request.path {
      case "/204": Response(.noContent)
      case "/304": Response(.notModified, body: .bytes([1]))
      default: Response(.ok, body: .bytes([1, 2, 3]))
      }
    }
    let head = try harness.connect().exchange("HEAD", "/")
    #expect(head.head.contains("Content-Length: 3"))
    #expect(head.body.isEmpty)
    let connection = try harness.connect()
    for path in ["/204", "/304"] {
      let answer = try connection.exchange("GET", path)
      #expect(!answer.head.contains("Content-Length"))
      #expect(answer.body.isEmpty)
    }
  }

  @Test func `a length that the handler gave is kept`() throws {
    let harness = try PoolHarness { _ in Response(.ok, fields: [.contentLength: "77"]) }
    let answer = try harness.connect().exchange("HEAD", "/")
    #expect(answer.head == "Status: 200 OK\r\nContent-Length: 77")
  }

  @Test func `an answer before a large body was read arrives whole, and the connection is not used again`() throws {
    let harness = try PoolHarness { _ in .text(String(repeating: "x", count: 100_000), status: 413) }
    for parameters in [[("CONTENT_LENGTH", "\(64 << 20)")], [("HTTP_TRANSFER_ENCODING", "chunked")]] {
      let connection = try harness.connect()
      let raw = connection.descriptor
      let writer = Background {
        let bytes = FastCGIConnection.begin("PATCH", parameters: parameters)
        _ = bytes.withUnsafeBytes { send(raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        let piece = FastCGIConnection.body(.init(repeating: 1, count: 1 << 20))
        for _ in 0..<64 {
          let sent = piece.withUnsafeBytes { send(raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
          if sent < 0 { break }
        }
        shutdown(raw, Int32(SHUT_WR))
      }
      let answer = try connection.answer()
      #expect(answer.status == 413)
      #expect(answer.body.count == 100_000)
      #expect(answer.isComplete)
      #expect(try connection.isClosed())
      try writer.wait()
      #expect(try harness.connect().exchange().status == 413)
    }
  }

  @Test func `an answer without a look at a small body leaves the connection sound`() throws {
    let harness = try PoolHarness { .text($0.path) }
    for size in [0, 1, 100, 5000, 20_000] {
      let connection = try harness.connect()
      #expect(try connection.exchange("PUT", "/1", body: .init(repeating: 1, count: size)).text == "/1")
      // It is kept, or it is closed; never is the rest of the body taken for a request.
      if let again = try? connection.exchange("PUT", "/2", body: []), again.status != 0 { #expect(again.text == "/2") }
    }
  }
}
