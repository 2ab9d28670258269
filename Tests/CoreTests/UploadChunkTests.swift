import Testing

@testable import Core

@Suite struct UploadChunkTests {
  struct Case: CustomTestStringConvertible {
    var range: String?
    var length: Int64?
    var state: Int64?
    var size: Int64 = 0
    var testDescription: String {
      "\(range ?? "no range"), length \(length.map(String.init) ?? "unknown"), state \(state ?? -1), at \(size)"
    }
  }

  private func chunk(_ example: Case) throws(UploadChunk.Refusal) -> UploadChunk {
    try UploadChunk(
      contentRange: example.range, contentLength: example.length, stateOffset: example.state, size: example.size)
  }

  @Test(
    arguments: [
      (Case(range: "0-9", length: 10), 10), (Case(range: "0-9"), 10), (Case(range: "5-5", length: 1, size: 5), 1),
      (Case(range: "bytes 0-9/100", length: 10), 10), (Case(range: "bytes 0-9/*", length: 10), 10),
      (Case(range: "bytes 0-9"), 10), (Case(range: "5-6", length: 2, state: 0, size: 5), 2),
      (Case(range: "", length: 7), 7), (Case(range: "0-9/10", length: 10), 10),
      (Case(length: 7), 7), (Case(), nil), (Case(length: 0, state: 5, size: 5), 0), (Case(length: 3, size: 5), 3),
    ] as [(Case, Int64?)])
  func `takes what continues the upload`(example: Case, length: Int64?) throws {
    #expect(try chunk(example).length == length)
  }

  @Test(arguments: [
    Case(range: "1-9", length: 9), Case(range: "0-4", length: 5, size: 5), Case(range: "3-9", length: 7, size: 5),
    Case(range: "6-9", length: 4, size: 5), Case(range: "0", length: 1),
    Case(range: "-", length: 1), Case(range: "0-", length: 1), Case(range: "-1", length: 1),
    Case(range: "9-0", length: 1, size: 9), Case(range: "a-b", length: 1), Case(range: "0--1", length: 0),
    Case(range: "bytes 0-9/5", length: 10), Case(range: "0-9/9", length: 10), Case(range: "bytes 0-9/abc", length: 10),
    Case(range: "bytes 0-9/", length: 10), Case(range: "bytes=0-9", length: 10), Case(range: "0-9,10-19", length: 10),
    Case(range: "+0-9", length: 10),
    Case(range: "0-9223372036854775807"), Case(range: "0-99999999999999999999"),
    Case(range: "9223372036854775807-9223372036854775807"), Case(length: 5, state: 0, size: 5),
    Case(state: 6, size: 5),
  ])
  func `refuses what doesn't`(example: Case) {
    #expect(throws: UploadChunk.Refusal.outOfOrder) { try chunk(example) }
  }

  @Test(arguments: [
    Case(range: "0-9", length: 9), Case(range: "0-9", length: 11), Case(range: "5-9", length: 0, size: 5),
  ])
  func `refuses a range that isn't as long as the body`(example: Case) {
    #expect(throws: UploadChunk.Refusal.lengthMismatch) { try chunk(example) }
  }
}
