import Drivers
import TestSupport
import Testing

@testable import Core

/// What registries keep of their own: in files of the storage, and in what clients bring back.
@Suite(.ownThread) struct StateFuzzTests {
  @Test func `a hash state that is taken up is the same when it is set aside again`() async {
    var samples: [[UInt8]] = []
    for algorithm in Digest.Algorithm.allCases {
      for length in [0, 1, 63, 64, 200] {
        var hasher = ContentHasher(algorithm)
        hasher.update([UInt8](repeating: 7, count: length).span.bytes)
        samples.append(hasher.state)
      }
    }
    await Fuzzer.run(samples) { bytes in
      guard var hasher = ContentHasher(state: bytes) else { return }
      #expect(ByteCount.range.contains(hasher.count))
      #expect(ContentHasher(state: hasher.state)?.finalize() == hasher.finalize())
      hasher.update([UInt8](repeating: 1, count: 1000).span.bytes)
      _ = hasher.finalize()
    }
  }

  @Test func `a token that was changed is no state, and one that was signed is what was signed`() async throws {
    let name = try #require(RepositoryName("a/b"))
    let state = UploadStateToken(Upload(id: UploadID(), startedAt: "2026-01-02T03:04:05Z", size: 17), in: name)
    let token = state.token(secret: "secret")
    #expect(UploadStateToken(token: try #require(PercentEncoding.decode(token)), secret: "secret") == state)
    await Fuzzer.run([token]) { bytes in
      let text = String(decoding: bytes, as: UTF8.self)
      if let found = UploadStateToken(token: PercentEncoding.decode(text) ?? text, secret: "secret") {
        #expect(found == state)
      }
    }
    let json = #"{"Name": "a/b", "UUID": "\#(state.id)", "Offset": 17, "StartedAt": "2026-01-02T03:04:05Z"}"#
    await Fuzzer.run([json]) { bytes in
      let code = MessageAuthentication.code(of: bytes, key: Array("secret".utf8))
      guard let found = UploadStateToken(token: Base64URL.encode(code + bytes), secret: "secret") else { return }
      for size in [0, 17, ByteCount.range.upperBound] {
        _ = try? UploadChunk(contentRange: nil, contentLength: nil, stateOffset: found.offset, size: size)
      }
    }
  }

  @Test func `base64 comes back as it was`() async {
    await Fuzzer.run(["", "a", "ab", "abc", "YWJj", "YQ=="]) { bytes in
      #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
      _ = Base64URL.decode(String(decoding: bytes, as: UTF8.self))
    }
  }

  @Test func `a link holds a digest, or nothing`() async {
    let hex = String(repeating: "ab", count: 32)
    await Fuzzer.run(["sha256:\(hex)", "sha256:\(hex)\n", "sha512:\(hex)\(hex)"]) { bytes in
      guard let digest = Link.digest(bytes) else { return }
      #expect(Link.digest(Array(digest.description.utf8)) == digest)
    }
  }

  @Test func `a permit is open, closed or absent`() async throws {
    let driver = InMemoryDriver()
    let path = StorageLayout.cachePermit("fuzz")
    try await Fuzzer.run(["open 0123456789abcdef", "closed 0000000000000001"]) { bytes in
      try await driver.put(bytes, at: path, durability: .process)
      let file = try await CachePermitFile.read(path, driver)
      guard file != .absent else { return }
      try await file.write(path, driver, durability: .process)
      #expect(try await CachePermitFile.read(path, driver) == file)
    }
  }

  @Test func `a notice of removals names what it can be read to name, or anything`() async throws {
    let paths = try ["/docker/registry/v2/blobs/a", "/b"].map { try #require(StoragePath($0)) }
    await Fuzzer.run([RemovalNotice.content(paths), RemovalNotice.content([])]) { bytes in
      let notice = RemovalNotice("1", bytes)
      guard !notice.covers(StorageLayout.root / "named-nowhere") else { return }
      #expect(String(decoding: bytes, as: UTF8.self).hasSuffix("\n"))
    }
  }
}
