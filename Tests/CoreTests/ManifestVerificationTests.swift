import Drivers
import Testing

@testable import Core

@Suite struct ManifestVerificationTests {
  private static let nonDistributable = "application/vnd.oci.image.layer.nondistributable.v1.tar"

  private func codes(
    _ text: String, _ change: (inout Configuration.Validation) throws -> Void = { _ in }
  ) async throws -> [String] {
    let registry = Registry(driver: InMemoryDriver())
    let repository = registry.repository(try #require(RepositoryName("a")))
    let config = Array("{}".utf8)
    let digest = ContentHasher.digest(.sha256, of: config)
    try await registry.blobs.put(config, digest: digest)
    try await repository.blobs.link(digest)
    var validation = Configuration.Validation()
    try change(&validation)
    let content = text.replacing("CONFIG", with: #"{"mediaType":"a/b","digest":"\#(digest)","size":2}"#)
    do {
      try await ManifestVerification(repository, validation).check(Manifest(Array(content.utf8), contentType: nil))
      return []
    } catch {
      return error.entries.map(\.code.name)
    }
  }

  private func index(_ platforms: [(String, String)?]) -> String {
    let children = platforms.enumerated().map { index, platform in
      let hex = String(repeating: "0\(index)", count: 32)
      let more = platform.map { #","platform":{"os":"\#($0.0)","architecture":"\#($0.1)"}"# } ?? ""
      return #"{"mediaType":"a/b","digest":"sha256:\#(hex)","size":1\#(more)}"#
    }
    return #"{"schemaVersion":2,"manifests":[\#(children.joined(separator: ","))]}"#
  }

  private func image(layer mediaType: String, urls: String) -> String {
    let layer = Sample.descriptor(mediaType, more: #","urls":\#(urls)"#)
    return #"{"schemaVersion":2,"config":CONFIG,"layers":[\#(layer)]}"#
  }

  @Test func `children must exist where the configuration says so`() async throws {
    let index = index([("linux", "amd64"), ("linux", "arm64"), nil])
    let unknown = "MANIFEST_BLOB_UNKNOWN"
    #expect(try await codes(index) == [unknown, unknown, unknown])
    #expect(try await codes(index) { $0.platforms = .none } == [])
    #expect(
      try await codes(index) {
        $0.platforms = .list
        $0.platformList = [Configuration.Validation.Platform(architecture: "arm64", os: "linux")]
      } == [unknown])
    #expect(try await codes(index) { $0.disabled = true } == [])
  }

  @Test func `a layer whose URLs are allowed need not exist`() async throws {
    let layer = image(layer: Self.nonDistributable, urls: #"["https://a.example/1"]"#)
    #expect(try await codes(layer) == ["MANIFEST_INVALID"])
    #expect(try await codes(layer) { $0.allowedURLs = [try LinearPattern(#"^https://a\."#)] } == [])
    #expect(try await codes(layer) { $0.allowedURLs = [try LinearPattern(#"^https://b\."#)] } == ["MANIFEST_INVALID"])
    let mixed = image(layer: Self.nonDistributable, urls: #"["https://a.example/1","https://b.example/1"]"#)
    #expect(try await codes(mixed) { $0.allowedURLs = [try LinearPattern(#"^https://a\."#)] } == ["MANIFEST_INVALID"])
    let none = image(layer: Self.nonDistributable, urls: "[]")
    #expect(try await codes(none) { $0.allowedURLs = [try LinearPattern(".*")] } == ["MANIFEST_BLOB_UNKNOWN"])
  }
}
