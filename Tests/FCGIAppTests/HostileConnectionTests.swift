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
    // What can you do?
    Connection.record(9, [15, 0] + Array("FCGI_MPXS_CONNS".utf8), request: 0),
    Connection.record(9, (0..<50).flatMap { _ in [13, 0] + Array("FCGI_MAX_REQS".utf8) }, request: 0),
  ]

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
}
