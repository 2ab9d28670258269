import Core
import NIOCore
import Testing

@testable import Drivers

/// Pure parts of the driver: sizes, names, documents, addresses.
struct S3FormTests {
  // MARK: - Sizes

  @Test func `pieces grow slowly, within bounds`() {
    let sizes = S3Sizes(Configuration.S3())
    #expect(sizes.piece(0) == 10 << 20)
    #expect(sizes.piece(899) == 10 << 20)
    #expect(sizes.piece(900) == 20 << 20)
    #expect(sizes.piece(1_000_000) == 64 << 20)
    var large = Configuration.S3()
    large.chunkSize = 100 << 20
    #expect(S3Sizes(large).piece(5000) == 100 << 20)
    #expect(sizes.fitsParts(90 << 30) && !sizes.fitsParts(100 << 30))
  }

  @Test(arguments: [1, 31, 32, 33, 64, 5 << 10, 5 << 20, (5 << 20) - 1] as [Int64])
  func `a copy is made in parts that the store takes`(mebibytes: Int64) {
    let size = mebibytes << 20
    let ranges = S3Sizes(Configuration.S3()).copyRanges(size)
    #expect(ranges.first?.lowerBound == 0 && ranges.last?.upperBound == size - 1)
    for (range, next) in zip(ranges, ranges.dropFirst()) { #expect(range.upperBound + 1 == next.lowerBound) }
    #expect(ranges.count <= S3Sizes.mostParts)
    #expect(ranges.allSatisfy { Int64($0.count) <= S3Sizes.largestPart })
    #expect(ranges.dropLast().allSatisfy { $0.count >= S3Sizes.leastPart })
  }

  // MARK: - Names

  @Test(arguments: [
    ("", "/a/b", "a/b", "a/b/"), ("/", "/a/b", "a/b", "a/b/"), ("/root/", "/a", "root/a", "root/a/"),
    ("deep/root", "/", "deep/root", "deep/root/"), ("", "/", "", ""),
  ])
  func `a path is a key below the root directory`(row: (root: String, path: String, key: String, prefix: String)) throws
  {
    let keys = S3Keys(rootDirectory: row.root)
    let path = try #require(StoragePath(row.path))
    #expect(keys.key(path) == row.key)
    #expect(keys.prefix(path) == row.prefix)
  }

  // MARK: - Files that are being written

  @Test func `what a file consists of is read as it was written`() throws {
    var file = S3UnfinishedFile()
    for number in 0..<3 { file.append(number, by: "first", size: 10 << 20) }
    file.append(3, by: "first", size: 6 << 20)
    file.append(0, by: "second", size: 10 << 20)
    file.append(5, by: "second", size: 10 << 20)
    file.tail = ByteBuffer(bytes: [10, 0, 255, 10, 10])
    #expect(file.runs.map(\.count) == [3, 1, 1, 1])
    #expect(file.size == 56 << 20 + 5)
    #expect(file.pieceCount == 6)
    #expect(file.pieces.map(\.number) == [0, 1, 2, 3, 0, 5])
    #expect(try #require(S3UnfinishedFile(parsing: file.document)) == file)
    #expect(S3UnfinishedFile(parsing: S3UnfinishedFile().document) == S3UnfinishedFile())
  }

  @Test(arguments: [
    "", "berth-upload 1", "berth-upload 1\n", "berth-upload 2\n\n", "berth-upload 1\na 0 1\n\n",
    "berth-upload 1\na 0 0 5\n\n", "berth-upload 1\na -1 1 5\n\n", "berth-upload 1\n../a 0 1 5\n\n",
    "berth-upload 1\na 0 99999999999999 5\n\n", "berth-upload 1\na 0 1 99999999999999\n\n",
    "berth-upload 1\na 0 1 5 6\n\n", "berth-upload 1\n 0 1 5\n\n",
  ])
  func `a damaged list of pieces is none`(text: String) {
    #expect(S3UnfinishedFile(parsing: ByteBuffer(string: text)) == nil)
  }

  // MARK: - Documents

  @Test func `an answer's elements are found by their names`() throws {
    let text = """
      <?xml version="1.0" encoding="UTF-8"?>
      <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b&amp;c</Name>
      <Contents><Key>a&lt;b</Key><Size>5</Size></Contents><Contents><Key>c</Key></Contents></ListBucketResult>
      """
    let document = try #require(XMLElement(parsing: ByteBuffer(string: text)))
    #expect(document.name == "ListBucketResult")
    #expect(document.text(of: "Name") == "b&c")
    #expect(document.all("Contents").map { $0.text(of: "Key") } == ["a<b", "c"])
    #expect(document["Contents"]?.text(of: "Size") == "5")
    #expect(document.text(of: "None") == nil)
  }

  @Test(arguments: [
    "", "text", "<a>", "<a></b>", "<a/><b/>",
    "<!DOCTYPE a [<!ENTITY b \"c\"><!ENTITY d \"&b;&b;\">]><a>&d;</a>",
    String(repeating: "<a>", count: 100) + String(repeating: "</a>", count: 100), "<a>\u{0}</a>",
  ])
  func `what is no answer of a store's is refused`(text: String) {
    #expect(XMLElement(parsing: ByteBuffer(string: text)) == nil)
  }

  @Test func `keys are escaped where they stand in documents`() throws {
    let key = "a<b>&\"c'\n\t\r"
    let document = try #require(XMLElement(parsing: ByteBuffer(string: "<a>\(key.escapedForXML)</a>")))
    #expect(document.text == key)
  }

  @Test func `the checksum is that of RFC 1864's examples`() {
    // md5("") and md5("abc"), as openssl prints them in base64.
    #expect(ContentMD5.field(of: "") == "1B2M2Y8AsgTpgAmY7PhCfg==")
    #expect(ContentMD5.field(of: "abc") == "kAFQmDzST7DWlj99KOF/cg==")
  }

  // MARK: - Errors

  @Test(
    arguments: [
      (404, "<Error><Code>NoSuchKey</Code></Error>", .notFound), (404, nil, .notFound),
      (404, "<Error><Code>NoSuchBucket</Code></Error>", .failed),
      (403, "<Error><Code>AccessDenied</Code></Error>", .denied), (403, nil, .denied),
      (403, "<Error><Code>SignatureDoesNotMatch</Code></Error>", .failed),
      (503, "<Error><Code>SlowDown</Code></Error>", .unavailable), (502, "<html>bad gateway</html>", .unavailable),
      (400, "<Error><Code>EntityTooLarge</Code></Error>", .full),
      (403, "<Error><Code>QuotaExceeded</Code></Error>", .full),
      (301, "<Error><Code>PermanentRedirect</Code></Error>", .failed),
    ] as [(Int, String?, StorageError.Code)])
  func `an answer's code says what it means for the registry`(
    row: (status: Int, body: String?, code: StorageError.Code)
  ) {
    let failure = S3Failure(
      status: row.status, body: row.body.flatMap { XMLElement(parsing: ByteBuffer(string: $0)) })
    #expect(StorageError(failure, "read /a").code == row.code)
  }

  @Test func `errors say what to do`() throws {
    let body =
      "<Error><Code>AuthorizationHeaderMalformed</Code><Message>wrong</Message><Region>eu-west-1</Region></Error>"
    let failure = S3Failure(status: 400, body: XMLElement(parsing: ByteBuffer(string: body)))
    let text = StorageError(failure, "read /a").description
    #expect(text.contains("read /a") && text.contains("wrong") && text.contains("eu-west-1"))
    let missing = S3Failure(
      status: 404, body: XMLElement(parsing: ByteBuffer(string: "<Error><Code>NoSuchBucket</Code></Error>")))
    #expect(StorageError(missing, "read /a").description.contains("storage.s3.bucket"))
  }
}
