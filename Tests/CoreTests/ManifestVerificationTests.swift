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

  // MARK: - Sizes

  /// What is wrong with an image or an index, one of whose descriptors has a size, in a repository that has its config
  /// of 2 bytes, and a manifest that is that content, too. nil: nothing.
  private func problem(
    _ member: String, _ size: String, _ sizes: Configuration.Validation.Sizes
  ) async throws -> String? {
    let registry = Registry(driver: InMemoryDriver())
    let repository = registry.repository(try #require(RepositoryName("a")))
    let content = Array("{}".utf8)
    let digest = ContentHasher.digest(.sha256, of: content)
    try await registry.blobs.put(content, digest: digest)
    try await repository.blobs.link(digest)
    var validation = Configuration.Validation()
    validation.sizes = sizes
    validation.allowedURLs = [try LinearPattern("^https://")]
    validation.platforms = member == "absent" ? .none : .all
    let there = #"{"mediaType":"a/b","digest":"\#(digest)","size":2}"#
    let tried = #"{"mediaType":"a/b","digest":"\#(digest)"\#(size)}"#
    let absent = #"{"mediaType":"a/b","digest":"sha256:\#(Sample.hex)"\#(size)}"#
    let text =
      switch member {
      case "config": #"{"schemaVersion":2,"config":\#(tried),"layers":[]}"#
      case "layer": #"{"schemaVersion":2,"config":\#(there),"layers":[\#(there),\#(tried)]}"#
      case "foreign":
        #"{"schemaVersion":2,"config":\#(there),"layers":[\#(absent.dropLast()),"urls":["https://a"]}]}"#
      case "subject": #"{"schemaVersion":2,"config":\#(there),"layers":[],"subject":\#(tried)}"#
      case "child": #"{"schemaVersion":2,"manifests":[\#(tried)]}"#
      default: #"{"schemaVersion":2,"manifests":[\#(absent)]}"#
      }
    do {
      try await ManifestVerification(repository, validation).check(Manifest(Array(text.utf8), contentType: nil))
      return nil
    } catch {
      #expect(error.entries.map(\.code) == [.manifestInvalid])
      return error.entries[0].detail["field"] ?? error.description
    }
  }

  @Test(
    arguments: [
      // Where the content is there, it has the last word.
      ("config", #","size":2"#, nil), ("config", "", nil), ("config", #","size":null"#, nil),
      ("config", #","size":0"#, "config.size"), ("config", #","size":3"#, "config.size"),
      ("layer", "", nil), ("layer", #","size":0"#, "layers[1].size"), ("layer", #","size":1"#, "layers[1].size"),
      ("child", "", nil), ("child", #","size":0"#, "manifests[0].size"), ("child", #","size":3"#, "manifests[0].size"),
      // A subject need not be there, layers with URLs may be elsewhere, and children may be left out.
      ("subject", "", nil), ("subject", #","size":0"#, nil), ("subject", #","size":99"#, nil),
      ("foreign", "", nil), ("foreign", #","size":0"#, nil), ("foreign", #","size":9223372036854775807"#, nil),
      ("absent", "", nil), ("absent", #","size":0"#, nil), ("absent", #","size":99"#, nil),
      // No content has that.
      ("config", #","size":-1"#, "config.size"), ("layer", #","size":-1"#, "layers[1].size"),
      ("child", #","size":-9223372036854775808"#, "manifests[0].size"), ("subject", #","size":-1"#, "subject.size"),
      ("foreign", #","size":-1"#, "layers[0].size"), ("absent", #","size":-1"#, "manifests[0].size"),
      // The content in the manifest itself.
      ("layer", #","size":2,"data":"e30=""#, nil), ("layer", #","data":"e30=""#, nil),
      ("layer", #","size":2,"data":"e3==""#, "layers[1].data"),
      ("subject", #","size":1,"data":"e30=""#, "subject.data"),
    ] as [(String, String, String?)])
  func `a size is refused where the content contradicts it`(
    member: String, size: String, field: String?
  ) async throws {
    #expect(try await problem(member, size, .strict) == field)
    #expect(try await problem(member, size, .lenient) == nil)
  }

  @Test(arguments: [#","size":9223372036854775808"#, #","size":1e3"#, #","size":"2""#, #","size":2.0"#])
  func `a size that no registry takes is refused however lenient`(size: String) async throws {
    for sizes in Configuration.Validation.Sizes.allCases {
      #expect(try await problem("config", size, sizes) == "config.size")
    }
  }

  // MARK: - Errors

  @Test func `of many missing layers, a hundred are named and the others counted`() async throws {
    let repository = Registry(driver: InMemoryDriver()).repository(try #require(RepositoryName("a")))
    let layers = (0..<10_000).map { index in
      let hex = String(repeating: "0", count: 58) + String(100_000 + index)
      return #"{"mediaType":"a/b","digest":"sha256:\#(hex)","size":1}"#
    }
    let text = #"{"schemaVersion":2,"config":\#(layers[0]),"layers":[\#(layers.joined(separator: ","))]}"#
    let error = await #expect(throws: RegistryError.self) {
      try await ManifestVerification(repository, Configuration.Validation()).check(
        Manifest(Array(text.utf8), contentType: nil))
    }
    #expect(error?.entries.count == 100)
    #expect(error?.omitted == 9900)
    #expect(error?.entries[1].detail["field"] == "layers[1]")
  }
}
