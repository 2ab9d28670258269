import Core
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import FCGIApp

@Suite(.ownThread) struct FastCGIBodyTests {
  private final class Seen: Sendable {
    let value = Mutex<(count: Int, error: RequestBodyError?)?>(nil)
  }

  /// What a handler saw of a body that `send` wrote.
  private func seen(
    _ parameters: [(String, String)], _ send: (FastCGIConnection) throws -> Void
  ) throws -> (count: Int, error: RequestBodyError?)? {
    let seen = Seen()
    let harness = try PoolHarness { request in
      let result = await request.body.readAll()
      seen.value.withLock { $0 = result }
      return .text("")
    }
    let connection = try harness.connect()
    try connection.write(FastCGIConnection.begin("PATCH", parameters: parameters))
    try send(connection)
    _ = eventually { seen.value.withLock { $0 != nil } }
    return seen.value.withLock { $0 }
  }

  private static let chunked = [("HTTP_TRANSFER_ENCODING", "chunked"), ("CONTENT_LENGTH", "")]
  private static let piece = [UInt8](repeating: 7, count: 100_000)

  @Test(arguments: [0, 1, 8192, 262_144, 300_000])
  func `a whole body arrives whole, with a length and without`(count: Int) throws {
    for parameters in [Self.chunked, [("CONTENT_LENGTH", "\(count)")]] {
      let result = try seen(parameters) {
        try $0.write(
          FastCGIConnection.body(.init(repeating: 7, count: count)) + FastCGIConnection.endOfBody)
      }
      #expect(result?.count == count)
      #expect(result?.error == nil)
    }
  }

  @Test(arguments: [chunked, [("CONTENT_LENGTH", "1000000")]])
  func `a body that breaks off gives what arrived, and then says so`(parameters: [(String, String)]) throws {
    let result = try seen(parameters) {
      try $0.write(FastCGIConnection.body(Self.piece))
      $0.endWriting()
    }
    #expect(result?.count == Self.piece.count)
    #expect(result?.error == .clientGone)
  }

  @Test(arguments: [chunked, [("CONTENT_LENGTH", "1000000")]])
  func `a request that the web server aborts is broken off`(parameters: [(String, String)]) throws {
    let result = try seen(parameters) {
      try $0.write(FastCGIConnection.body(Self.piece) + FastCGIConnection.record(2, []))
    }
    #expect(result?.count == Self.piece.count)
    #expect(result?.error == .clientGone)
  }

  @Test func `a body that ends before its length is broken off`() throws {
    let result = try seen([("CONTENT_LENGTH", "100001")]) {
      try $0.write(FastCGIConnection.body(Self.piece) + FastCGIConnection.endOfBody)
    }
    #expect(result?.count == Self.piece.count)
    #expect(result?.error == .clientGone)
  }

  @Test func `no more than the length is read`() throws {
    let result = try seen([("CONTENT_LENGTH", "99999")]) {
      try $0.write(FastCGIConnection.body(Self.piece) + FastCGIConnection.endOfBody)
    }
    #expect(result?.count == 99_999)
    #expect(result?.error == nil)
  }
}
