import HTTPTypes
import TestSupport
import Testing

@testable import Core

/// What a client says in its request line and its header fields.
@Suite(.ownThread) struct RequestFuzzTests {
  private static let hex = String(repeating: "0123456789abcdef", count: 4)
  private static let id = "0f8fad5b-d9cb-469f-a165-70867728950e"

  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test func `a path leads to what it names, or to a refusal`() async {
    await Fuzzer.run([
      "/v2/", "/v2/_catalog", "/v2/a/b/tags/list", "/v2/a/manifests/latest", "/v2/a/blobs/sha256%3A\(Self.hex)",
      "/v2/a/blobs/uploads/\(Self.id)", "/v2/a/referrers/sha256:\(Self.hex)", "/v2/a/_berth/tags/x/history",
    ]) { bytes in
      guard let route = try? Route(path: text(bytes), prefix: "/") else { return }
      switch route {
      case .tags(let name), .uploads(let name), .repository(let name):
        #expect(RepositoryName(name.description) == name)
      case .manifest(_, .tag(let tag)), .tagHistory(_, let tag): #expect(Tag(tag.description) == tag)
      case .manifest(_, .digest(let digest)), .blob(_, let digest), .referrers(_, let digest):
        #expect(Digest(digest.description) == digest)
      case .upload(_, let id): #expect(UploadID(id.description) == id)
      case .base, .catalog: break
      }
    }
  }

  @Test func `a name that is accepted makes a path of the storage`() async {
    let samples = ["library/a-b_c.d__e", "v1.2.3", "sha256:\(Self.hex)", "sha512:\(Self.hex)\(Self.hex)", Self.id]
    await Fuzzer.run(samples) { bytes in
      let text = text(bytes)
      for path in [
        RepositoryName(text).map { StorageLayout.repository($0) }, Digest(text).map { StorageLayout.blobData($0) },
        RepositoryName("a").flatMap { name in Tag(text).map { StorageLayout.tag(name, $0) } },
        RepositoryName("a").flatMap { name in UploadID(text).map { StorageLayout.upload(name, $0) } },
      ] {
        guard let path else { continue }
        #expect(StoragePath(path.string) == path)
      }
      if let path = StoragePath(text) { #expect(StoragePath(path.parent.string) == path.parent) }
    }
  }

  @Test func `what is encoded decodes to what it was`() async {
    await Fuzzer.run(["a=b&n=10&last=%20x", "%C3%A9+%2B", "a/b c?d"]) { bytes in
      let text = text(bytes)
      #expect(PercentEncoding.decode(PercentEncoding.encode(text)) == text)
      _ = PercentEncoding.decode(text, form: true)
      let query = Query(text)
      for name in ["a", "n", "last"] { #expect(query.first(name) == query.all(name).first) }
    }
  }

  @Test func `a page has no more entries than there may be`() async {
    await Fuzzer.run(["n=10&last=a", "n=0", "last=%C3%A9&n=1000"]) { bytes in
      let request = Request(
        method: .get, path: "/", query: text(bytes), fields: HTTPFields(), body: MemoryBody([]), id: "fuzz")
      guard let page = try? Pagination(request, maximum: 1000) else { return }
      if let limit = page.limit { #expect((0...1000).contains(limit)) }
    }
  }

  @Test func `a range that is answered lies in the content`() async {
    await Fuzzer.run(["bytes=0-499", "bytes=500-", "bytes=-5", "bytes=0-0,2-3"]) { bytes in
      for size in [0, 1, 500, Int64.max / 2] {
        guard case .part(let part) = ByteRange(text(bytes), size: size) else { continue }
        #expect(!part.isEmpty && part.lowerBound >= 0 && part.upperBound <= size)
      }
    }
  }

  @Test func `a chunk that is taken continues the upload`() async {
    await Fuzzer.run(["0-99", "100-199", "bytes 0-99/*", "bytes 100-199/1000"]) { bytes in
      for (size, length) in [(0, nil), (100, 100), (Int64.max / 2, nil)] as [(Int64, Int64?)] {
        guard
          let chunk = try? UploadChunk(contentRange: text(bytes), contentLength: length, stateOffset: nil, size: size)
        else { continue }
        if let length = chunk.length { #expect(length >= 0) }
      }
    }
  }

  @Test func `conditions and accepted types are read to their end`() async throws {
    let digest = try #require(Digest("sha256:\(Self.hex)"))
    let tag = EntityTag(digest)
    await Fuzzer.run([
      #"W/"a", "\#(digest)" , *"#, tag.field, "*", "application/json;q=0.5, text/*, */*",
      "application/vnd.oci.image.index.v1+json",
    ]) { bytes in
      let text = text(bytes)
      _ = tag.matches(ifNoneMatch: text)
      _ = tag.matches(ifMatch: text)
      _ = tag.matches(ifRange: text)
      _ = AcceptedTypes(text).contains("application/json")
      if let type = MediaType(contentType: text), type.isWellFormed { #expect(!type.rawValue.contains(" ")) }
    }
  }

  @Test func `a number that is read is in the range that it is read for`() async {
    await Fuzzer.run(["0", "17", "9223372036854775807"]) { bytes in
      let text = text(bytes)
      if let number = Decimal.exact(text.utf8) { #expect((0..<Int64.max).contains(number)) }
      if let number = Decimal.saturating(text.utf8) { #expect(number >= 0) }
      if let number = Decimal.bytes(text) { #expect(ByteCount.range.contains(number)) }
    }
  }

  @Test func `a URL that is accepted is one again`() async {
    await Fuzzer.run(["https://user@example.com:5000/a/b?c=d", "http://[::1]:80/", "example.com:443"]) { bytes in
      let text = text(bytes)
      _ = WebURL(text)
      _ = WebURL.Authority(text)
      _ = BaseURL(text)
      _ = Configuration.Address(text)
      _ = Secret(text).description
    }
  }
}
