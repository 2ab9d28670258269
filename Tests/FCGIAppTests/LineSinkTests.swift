import Foundation
import Glibc
import TestSupport
import Testing

@testable import FCGIApp

@Suite(.ownThread) struct LineSinkTests {
  @Test func `lines of many threads arrive whole, each once`() throws {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    let sink = LineSink(descriptor: ends[1])
    let source = ends[0]
    let reader = Background { () -> [String] in
      var bytes: [UInt8] = []
      var piece = [UInt8](repeating: 0, count: 65536)
      while case let count = read(source, &piece, piece.count), count > 0 { bytes += piece[..<count] }
      return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }
    let writers = (0..<8).map { writer in
      Background { for line in 0..<1000 { sink.write { $0 += "writer \(writer) line \(line)\n".utf8 } } }
    }
    for writer in writers { try writer.wait() }
    sink.flush()
    close(ends[1])
    let lines = try #require(try reader.wait())
    #expect(lines.count == 8000)
    #expect(Set(lines).count == 8000)
    #expect(lines.allSatisfy { $0.hasPrefix("writer ") && $0.contains(" line ") })
    close(source)
  }

  @Test func `a line is written before long though nobody asks for it`() throws {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    let sink = LineSink(descriptor: ends[1])
    sink.write { $0 += "hello\n".utf8 }
    var piece = [UInt8](repeating: 0, count: 64)
    #expect(read(ends[0], &piece, piece.count) == 6)
  }
}
