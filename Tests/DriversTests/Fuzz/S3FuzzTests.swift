import Core
import NIOCore
import TestSupport
import Testing

@testable import Drivers

/// What an object store answers.
@Suite(.ownThread) struct S3FuzzTests {
  private static let list = """
    <?xml version="1.0" encoding="UTF-8"?>
    <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix>r/</Prefix>
    <NextContinuationToken>t&amp;1</NextContinuationToken><IsTruncated>true</IsTruncated>
    <Contents><Key>r/a</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><Size>17</Size></Contents>
    <Contents><Key>r/b/data</Key><LastModified>2262-04-12T00:00:00Z</LastModified><Size>9</Size></Contents>
    <CommonPrefixes><Prefix>r/c/</Prefix></CommonPrefixes></ListBucketResult>
    """
  private static let error = """
    <Error><Code>RequestTimeTooSkewed</Code><Message>m</Message><Region>eu-west-1</Region></Error>
    """

  @Test func `a list names what lies below its prefix, with numbers to count with`() async {
    await Fuzzer.run([Self.list, Self.error]) { bytes in
      let document = XMLElement(parsing: ByteBuffer(bytes: bytes))
      if let document { _ = StorageError(S3Failure(status: 400, body: document), "list") }
      guard let page = try? S3Page(document, of: "r/", after: "t") else { return }
      for object in page.objects {
        #expect(object.key.hasPrefix("r/") && (0...S3Sizes.largestObject).contains(object.size))
        #expect(WallClock.range.contains(object.modified))
      }
      #expect(page.prefixes.allSatisfy { $0.hasPrefix("r/") } && page.next != "t")
      var progress = S3ListingProgress()
      try? progress.passed(page.greatest)
    }
  }

  @Test func `a list of what is being written is as large as it says, and not too large`() async throws {
    var file = S3UnfinishedFile()
    for number in 0..<3 { file.append(number, by: "1a", size: 5 << 20) }
    file.append(3, by: "2b", size: 6 << 20)
    file.tail = ByteBuffer(string: "the rest\n17")
    await Fuzzer.run([Array(file.document.readableBytesView)]) { bytes in
      guard let file = S3UnfinishedFile(parsing: ByteBuffer(bytes: bytes)) else { return }
      #expect(ByteCount.range.contains(file.size) && file.pieces.count == file.pieceCount)
      #expect(S3UnfinishedFile(parsing: file.document) == file)
    }
  }

  @Test func `sizes and dates are read, or are none`() async {
    let date = "Sun, 06 Nov 1994 08:49:37 GMT"
    await Fuzzer.run([date, "Fri, 06 Nov 1700 08:49:37 GMT", "Sat, 12 Apr 2262 00:00:00 GMT", "17"]) { bytes in
      let text = String(decoding: bytes, as: UTF8.self)
      if let time = HTTPDate.parse(text) { #expect(WallClock.range.contains(time)) }
      for now in [Int64.min, 0, WallClock.now, .max] { _ = HTTPDate.offset(of: text, from: now) }
      if let size = S3Sizes.object(text) { #expect((0...S3Sizes.largestObject).contains(size)) }
    }
  }

  @Test func `an object of any size is copied in parts that the store takes`() async throws {
    var configuration = Configuration.S3()
    for chunk in [5 << 20, 32 << 20, 5 << 30] {
      configuration.multipartCopyChunkSize = chunk
      let sizes = S3Sizes(configuration)
      for size in [0, 1, 5 << 20, 5 << 40, S3Sizes.largestObject] {
        let ranges = sizes.copyRanges(Int64(size))
        #expect(ranges.count <= S3Sizes.mostParts && ranges.allSatisfy { $0.count <= S3Sizes.largestPart })
        #expect(ranges.reduce(0) { $0 + Int64($1.count) } == Int64(size))
      }
    }
  }
}
