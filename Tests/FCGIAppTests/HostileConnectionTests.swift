import Core
import Glibc
import TestSupport
import Testing

@testable import FCGIApp

@Suite(.ownThread) struct HostileConnectionTests {
  private typealias Connection = FastCGIConnection

  private static let hostile: [[UInt8]] = [
    Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8),
    .init(repeating: 0, count: 64),
    .init(repeating: 0xFF, count: 64),
    .init(repeating: 1, count: 100_000),
    // A role that nobody knows, and those that nobody offers here.
    Connection.begin(role: 9), Connection.begin(role: 2), Connection.begin(role: 3),
    // A name and a value of 2 GiB each.
    Connection.record(1, [0, 1, 1, 0, 0, 0, 0, 0]) + Connection.record(4, .init(repeating: 0xFF, count: 8)),
    Connection.record(1, [0, 1, 1, 0, 0, 0, 0, 0]) + Connection.record(4, [0xFF, 0xFF, 0xFF, 0xFF, 0x80, 0, 0, 1, 65]),
    // Parameters that break off within a length, and a body before them.
    Connection.record(1, [0, 1, 1, 0, 0, 0, 0, 0]) + Connection.record(4, [0x80, 0]) + Connection.record(4, []),
    Connection.record(1, [0, 1, 1, 0, 0, 0, 0, 0]) + Connection.record(5, [1, 2, 3]),
    // The beginning of a request with no content, and one that is too long.
    Connection.record(1, []), Connection.record(1, .init(repeating: 0, count: 60_000)),
    // Records that pass for the padding of the first one: questions with more values than libfcgi has room for, and
    // parameters of 2 GiB.
    padded(Connection.record(9, (0..<15).flatMap { _ in [13, 0] + Array("FCGI_MAX_REQS".utf8) }, request: 0)),
    padded(Connection.record(4, [0x0F, 0xFF, 0xFF, 0xFF, 0xF0, 65])),
    // What can you do?
    Connection.record(9, [15, 0] + Array("FCGI_MPXS_CONNS".utf8), request: 0),
    Connection.record(9, (0..<50).flatMap { _ in [13, 0] + Array("FCGI_MAX_REQS".utf8) }, request: 0),
  ]

  /// A request whose first record has this padding.
  private static func padded(_ padding: [UInt8]) -> [UInt8] {
    let header = Connection.begin()
    return [1, 1, 0, 1, 0, 8, UInt8(padding.count), 0] + header[8..<16] + padding + header[16...]
  }

  @Test(arguments: hostile.indices)
  func `what is no request ends its connection and nothing else`(index: Int) throws {
    let harness = try PoolHarness(threads: 2) { _ in .text("sound") }
    let other = try harness.connect()
    #expect(try other.exchange().text == "sound")
    let connection = try harness.connect()
    try? connection.write(Self.hostile[index])
    connection.endWriting()
    while try connection.read(1) != nil {}
    #expect(try other.exchange().text == "sound")
    #expect(try harness.connect().exchange().text == "sound")
    #expect(eventually { harness.pool.threads.busy == 0 })
  }

  @Test func `a client that goes away before its answer costs nobody else anything`() throws {
    let harness = try PoolHarness(threads: 2) { _ in .text(String(repeating: "x", count: 1 << 20)) }
    for _ in 0..<20 {
      let connection = try harness.connect()
      try connection.write(Connection.begin() + Connection.endOfBody)
    }
    #expect(try harness.connect().exchange().body.count == 1 << 20)
    #expect(eventually { harness.pool.threads.busy == 0 })
  }

  /// Beginnings of requests after which nothing comes.
  private static let halves: [[UInt8]] = {
    let whole = Connection.begin("PUT", "/v2/a/manifests/b", parameters: [("CONTENT_LENGTH", "100")])
    return [1, 8, 12, 16, 20, 24, 30, whole.count - 8, whole.count - 1].map { Array(whole[..<$0]) }
  }()

  /// What stands where the body of a request should be.
  private static let bodies: [[UInt8]] = [
    // More values than libfcgi has room for, a name of 2 GiB, an unknown type, and records of other requests.
    Connection.record(9, (0..<50).flatMap { _ in [13, 0] + Array("FCGI_MAX_REQS".utf8) }, request: 0),
    Connection.record(9, [0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0xFF, 0xFF, 0xFE], request: 0),
    Connection.record(77, [1, 2, 3], request: 0), Connection.record(5, [1, 2, 3], request: 2),
    Connection.record(4, [1, 2, 3]), Connection.record(2, []), Connection.begin(), .init(repeating: 0xFF, count: 64),
  ]

  @Test(arguments: [false, true])
  func `half requests by the hundred stop no other request, and end`(isOverTCP: Bool) throws {
    let harness = try PoolHarness(threads: 2, isOverTCP: isOverTCP) { .text("\(await $0.body.readAll().count)") }
    var halves: [Connection] = []
    for _ in 0..<30 {
      for half in Self.halves {
        halves.append(try harness.connect())
        try halves.last?.write(half)
      }
    }
    for _ in 0..<20 { #expect(try harness.connect().exchange(body: [1, 2, 3]).text == "3") }
    // Those that took too long, and those that were too many.
    for half in halves { while try half.read(1) != nil {} }
    #expect(eventually { harness.pool.threads.busy == 0 })
  }

  @Test(arguments: [false, true], bodies.indices)
  func `what comes in the place of a body breaks the request off`(isOverTCP: Bool, index: Int) throws {
    let harness = try PoolHarness(threads: 2, isOverTCP: isOverTCP) {
      let (count, error) = await $0.body.readAll()
      return .text("\(count) \(error.map { "\($0)" } ?? "")")
    }
    for isChunked in [false, true] {
      let connection = try harness.connect()
      let length = isChunked ? ("HTTP_TRANSFER_ENCODING", "chunked") : ("CONTENT_LENGTH", "100")
      try connection.write(
        Connection.begin("PUT", parameters: [length]) + Connection.body([1, 2]) + Self.bodies[index])
      #expect(try connection.answer().text == "2 clientGone")
      #expect(try connection.isClosed())
    }
    #expect(try harness.connect().exchange().text == "0 ")
    #expect(eventually { harness.pool.threads.busy == 0 })
  }

  @Test func `a hostile peer costs a service no process`() throws {
    let service = try Service()
    let workers = Set(service.children("worker"))
    var connections: [Connection] = []
    for round in 0..<8 {
      for bytes in Self.halves + Self.hostile + Self.bodies.map({ Connection.begin("PUT") + $0 }) {
        let connection = try service.connect()
        try? connection.write(bytes)
        if round % 2 == 1 { connection.endWriting() }
        connections.append(connection)
      }
    }
    for _ in 0..<100 { #expect(try service.connect().exchange("GET", "/v2/").status == 200) }
    #expect(Set(service.children("worker")) == workers)
    withExtendedLifetime(connections) {}
  }

  @Test func `a port is guarded on kept connections, too`() throws {
    let harness = try PoolHarness(threads: 2, isOverTCP: true) { _ in .text("sound") }
    for bytes in Self.hostile {
      let connection = try harness.connect()
      #expect(try connection.exchange().text == "sound")
      try? connection.write(bytes)
      connection.endWriting()
      while try connection.read(1) != nil {}
    }
    #expect(try harness.connect().exchange().text == "sound")
  }
}
