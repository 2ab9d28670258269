import Testing

@testable import Core

@Suite struct ManifestReferencesTests {
  private static let a = ContentHasher.digest(.sha256, of: [1])
  private static let b = ContentHasher.digest(.sha256, of: [2])
  private static let c = ContentHasher.digest(.sha512, of: [3])

  private static func references(_ text: String) -> ManifestReferences? {
    ManifestReferences(Array(text.utf8))
  }

  @Test(arguments: [
    #"{"schemaVersion":2,"config":{"digest":"\#(a)"},"layers":[{"digest":"\#(b)"},{"digest":"\#(c)"}]}"#,
    #"{"mediaType":"x/y","config":{"size":1,"digest":"\#(a)"},"blobs":[{"digest":"\#(b)"},{"digest":"\#(c)"}]}"#,
    #"{"Config":{"Digest":"\#(a)"},"LAYER\u017f":[{"DIGEST":"\#(b)"},{"digest":"\#(c)"}]}"#,
    #"{"layers":[{"digest":"\#(a)"}],"layers":[{"digest":"\#(b)"}],"config":{"digest":"\#(c)"}}"#,
    #"{"schemaVersion":1,"fsLayers":[{"blobSum":"\#(a)"},{"blobSum":"\#(b)"},{"blobSum":"\#(c)"}],"history":[]}"#,
  ])
  func `configuration, layers and blobs are contents, however they are written`(text: String) throws {
    let references = try #require(Self.references(text))
    #expect(Set(references.contents) == [Self.a, Self.b, Self.c])
    #expect(references.manifests.isEmpty && references.subject == nil)
    #expect(references.isSchema1 == text.contains("fsLayers"))
  }

  @Test func `an index's children are manifests, and a subject is none of them`() throws {
    let references = try #require(
      Self.references(
        #"{"manifests":[{"digest":"\#(Self.a)"},{"digest":"\#(Self.b)"}],"subject":{"digest":"\#(Self.c)"}}"#))
    #expect(references.manifests == [Self.a, Self.b])
    #expect(references.contents.isEmpty && references.subject == Self.c)
  }

  @Test(arguments: [
    #"{"mediaType":"application/vnd.oci.artifact.manifest.v1+json"}"#, #"{"manifests":[]}"#, #"{"layers":null}"#,
  ])
  func `a manifest may refer to nothing`(text: String) {
    #expect(Self.references(text)?.contents == [])
  }

  @Test(arguments: [
    "", "x", "{}", "[]", #"{"a":1}"#, #"{"layers":[]"#, #"{"layers":{}}"#, #"{"layers":[null]}"#,
    #"{"layers":[{}]}"#, #"{"layers":[{"digest":"sha256:12"}]}"#, #"{"layers":[{"digest":7}]}"#,
    #"{"layers":[{"digest":"sha384:\#(a.hex)"}]}"#, #"{"layers":[{"digest":"\#(a)","digest":"\#(b)"}]}"#,
    #"{"config":[]}"#, #"{"layers":[]} {}"#, #"{"fsLayers":[{"blobSum":"tarsum.v1+sha256:\#(a.hex)"}]}"#,
    #"{"manifests":[{"digest":""}]}"#, #"{"subject":{}, "layers":[]}"#,
  ])
  func `what can't be understood is not guessed at`(text: String) {
    #expect(Self.references(text) == nil)
  }
}
