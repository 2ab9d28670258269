import Testing

@testable import FCGIApp

struct RequestHeaderTests {
  private typealias Connection = FastCGIConnection

  private static let begin = Connection.record(1, [0, 1, 1, 0, 0, 0, 0, 0])
  private static let end = Connection.record(4, [])

  private func extent(_ bytes: [UInt8]) -> RequestHeader.Extent {
    bytes.withUnsafeBytes { RequestHeader.extent(of: $0) }
  }

  @Test(arguments: [
    Connection.begin(), Connection.begin("PUT", "/" + String(repeating: "x", count: 200)), begin + end,
    // Parameters in many records, with a length that is torn between two, and padding.
    begin + Connection.record(4, [1]) + Connection.record(4, [0x80, 0]) + [1, 4, 0, 1, 0, 3, 5, 0, 0, 1, 65]
      + [0, 0, 0, 0, 0] + Connection.record(4, [66]) + end,
  ])
  func `a header is whole at its end and not before, whatever follows`(header: [UInt8]) {
    for count in header.indices { #expect(extent(Array(header[..<count])) == .partial) }
    #expect(extent(header) == .whole)
    #expect(extent(header + Connection.body([1, 2, 3])) == .whole)
  }

  @Test(arguments: [
    Array("GET / HTTP/1.1\r\n\r\n".utf8), .init(repeating: 0, count: 8), .init(repeating: 0xFF, count: 8),
    // Roles that are not offered, no request id, and contents of other lengths.
    Connection.begin(role: 0), Connection.begin(role: 2), Connection.begin(role: 3), Connection.begin(role: 9),
    Connection.record(1, [0, 1, 1, 0, 0, 0, 0, 0], request: 0), Connection.record(1, []),
    Connection.record(1, .init(repeating: 0, count: 60_000)),
    // Lengths beyond what a header may have, of a name, of a value, and of both together.
    begin + Connection.record(4, [0xFF, 0xFF, 0xFF, 0xFE]), begin + Connection.record(4, [1, 0xFF, 0xFF, 0xFF, 0xFF]),
    begin + Connection.record(4, [0x80, 0, 0xC0, 0, 0x80, 0, 0xC0, 1]),
    // An end within a length, a name, or between a name and its value.
    begin + Connection.record(4, [0x80, 0]) + end, begin + Connection.record(4, [3, 0, 65]) + end,
    begin + Connection.record(4, [3]) + end,
    // Other records in the place of parameters, and such of another request.
    begin + Connection.record(5, [1]), begin + Connection.record(2, []), begin + begin,
    begin + Connection.record(9, [14, 0] + Array("FCGI_MAX_CONNS".utf8), request: 0),
    begin + Connection.record(4, [], request: 2), begin + Connection.record(77, []),
    // Padding after the first and after the last record, which libfcgi would not skip.
    [1, 1, 0, 1, 0, 8, 8, 0] + begin.dropFirst(8) + .init(repeating: 0, count: 8) + end, [1, 1, 0, 1, 0, 8, 1],
    begin + [1, 4, 0, 1, 0, 0, 8, 0] + .init(repeating: 0, count: 8),
    // Parameters without an end.
    begin + (0..<4).flatMap { _ in Connection.record(4, .init(repeating: 0, count: 60_000)) },
  ])
  func `what no web server sends is no header`(bytes: [UInt8]) {
    #expect(extent(bytes) == .malformed)
  }
}
