import Testing

@testable import Core

@Suite struct ByteRangeTests {
  @Test(
    arguments: [
      ("bytes=0-0", 0..<1), ("bytes=500-1499", 500..<1500), ("bytes=500-", 500..<2048), ("bytes=-500", 1548..<2048),
      ("bytes=2000-5000", 2000..<2048), ("bytes=-5000", 0..<2048), ("bytes=2047-2047", 2047..<2048),
      ("bytes=0-99999999999999999999999999", 0..<2048), ("bytes=-99999999999999999999999999", 0..<2048),
      ("bytes=0-9223372036854775807", 0..<2048),
    ] as [(String, Range<Int64>)])
  func `gives the part that is asked for`(field: String, expected: Range<Int64>) {
    #expect(ByteRange(field, size: 2048) == .part(expected))
  }

  @Test(arguments: ["bytes=2048-", "bytes=500-0", "bytes=5000-10000", "bytes=-0", "bytes=99999999999999999999-"])
  func `refuses what lies past the end`(field: String) {
    #expect(ByteRange(field, size: 2048) == .unsatisfiable)
    #expect(ByteRange(field, size: 2048).contentRange(size: 2048) == "bytes */2048")
  }

  @Test(arguments: [
    nil, "", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=0-1,5-6", "bytes=5", "bytes=-1-5", "bytes=1--5",
    "bytes=+1-5", "bytes= 1-5", "items=0-1",
  ])
  func `ignores what it can't read`(field: String?) {
    #expect(ByteRange(field, size: 2048) == .whole)
  }

  @Test func `nothing of an empty content can be asked for`() {
    #expect(ByteRange("bytes=0-", size: 0) == .unsatisfiable)
    #expect(ByteRange("bytes=-1", size: 0) == .unsatisfiable)
    #expect(ByteRange(nil, size: 0) == .whole)
  }

  @Test func `says what it sends`() {
    #expect(ByteRange("bytes=0-9", size: 20).contentRange(size: 20) == "bytes 0-9/20")
    #expect(ByteRange(nil, size: 20).contentRange(size: 20) == nil)
  }
}
