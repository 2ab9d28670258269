import HTTPTypes
import Testing

@testable import Core

/// Descriptors and manifests as a client writes them.
enum Sample {
  static let hex = String(repeating: "ab", count: 32)
  static let descriptor = descriptor("application/octet-stream")

  static func descriptor(_ mediaType: String, size: String = "2", more: String = "") -> String {
    #"{"mediaType":"\#(mediaType)","digest":"sha256:\#(hex)","size":\#(size)\#(more)}"#
  }

  static func image(_ more: String = "", mediaType: MediaType? = .ociManifest) -> String {
    let type = mediaType.map { #""mediaType":"\#($0.rawValue)","# } ?? ""
    return #"{"schemaVersion":2,\#(type)"config":\#(descriptor),"layers":[\#(descriptor)]\#(more)}"#
  }

  static func index(_ more: String = "", mediaType: MediaType? = .ociIndex) -> String {
    let type = mediaType.map { #""mediaType":"\#($0.rawValue)","# } ?? ""
    return #"{"schemaVersion":2,\#(type)"manifests":[\#(descriptor)]\#(more)}"#
  }
}

@Suite struct ManifestParseTests {
  private func parse(_ text: String, as contentType: String?) throws -> Manifest {
    try Manifest(Array(text.utf8), contentType: contentType)
  }

  @Test(
    arguments: [
      (Sample.image(), MediaType.ociManifest.rawValue, ManifestKind.image),
      (Sample.image(mediaType: .dockerManifest), MediaType.dockerManifest.rawValue, .image),
      (Sample.index(), MediaType.ociIndex.rawValue, .index),
      (Sample.index(mediaType: .dockerManifestList), MediaType.dockerManifestList.rawValue, .index),
      (Sample.image(), "application/vnd.oci.image.manifest.v1+json; charset=utf-8", .image),
      (Sample.image(), nil, .image),
      (Sample.image(mediaType: nil), nil, .image),
      (Sample.index(mediaType: nil), nil, .index),
      (Sample.index(mediaType: nil), MediaType.ociIndex.rawValue, .index),
      (Sample.image(mediaType: MediaType(rawValue: "application/vnd.example.v1+json")), nil, .image),
      (Sample.index(mediaType: MediaType(rawValue: "application/vnd.example.v1+json")), nil, .index),
      (
        #"{"mediaType":"application/vnd.oci.artifact.manifest.v1+json","artifactType":"a/b","blobs":[]}"#, nil,
        .artifact
      ),
      (#"{"schemaVersion":2,"manifests":null,"mediaType":"application/vnd.oci.image.index.v1+json"}"#, nil, .index),
      (Sample.image(#","layersize":[[[]]],"x":{"y":[1.5e-3,true,null,"\u00e9"]}"#), nil, .image),
    ] as [(String, String?, ManifestKind)])
  func `takes every kind of manifest`(text: String, contentType: String?, kind: ManifestKind) throws {
    #expect(try parse(text, as: contentType).kind == kind)
  }

  @Test func `reads what the registry needs`() throws {
    let manifest = try parse(
      Sample.image(
        #","subject":\#(Sample.descriptor),"artifactType":"a/b","annotations":{"k\n":"\ud83d\ude00\/"}"#),
      as: nil)
    #expect(manifest.config?.size == 2)
    #expect(manifest.layers.map(\.digest.hex) == [Sample.hex[...]])
    #expect(manifest.subject?.digest.algorithm == .sha256)
    #expect(manifest.artifactType == "a/b")
    #expect(manifest.annotations == ["k\n": "😀/"])
  }

  /// Whether they are the content's is for `ManifestVerification` to say: stored manifests may have any.
  @Test(
    arguments: [
      ("0", 0), ("-1", -1), ("9223372036854775807", .max), ("null", nil), (#"3,"data":"AAA=""#, 3),
      (#"-9223372036854775808,"x":1"#, .min),
    ] as [(String, Int64?)])
  func `reads sizes as they are given`(size: String, expected: Int64?) throws {
    #expect(
      try parse(Sample.index().replacing(#""size":2"#, with: #""size":\#(size)"#), as: nil).manifests[0].size
        == expected)
    #expect(try parse(Sample.index().replacing(#","size":2"#, with: ""), as: nil).manifests[0].size == nil)
  }

  @Test(arguments: [
    ("", ""), ("[]", ""), ("{", ""), ("{} {}", ""), (#"{"schemaVersion":2,}"#, ""), ("nil", ""),
    ("{}", "schemaVersion"),
    (#"{"schemaVersion":2}"#, "config"),
    (#"{"schemaVersion":3,"config":1}"#, "schemaVersion"),
    (#"{"schemaVersion":"2"}"#, "schemaVersion"),
    (#"{"schemaVersion":2.0}"#, "schemaVersion"),
    (#"{"schemaVersion":99999999999999999999}"#, "schemaVersion"),
    (#"{"schemaVersion":2,"schemaVersion":2}"#, "schemaVersion"),
    (#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json"}"#, "manifests"),
    (#"{"schemaVersion":2,"mediaType":"no type"}"#, "mediaType"),
    (#"{"schemaVersion":2,"mediaType":"a/b\r\nSet-Cookie: x"}"#, "mediaType"),
    (Sample.image(#","manifests":[]"#), "manifests"),
    (Sample.image(#","Manifests":[]"#), "Manifests"),
    (Sample.image(#","layers":[]"#), "layers"),
    (Sample.index(#","config":{}"#), "config"),
    (Sample.index(#","layers":[]"#), "layers"),
    (Sample.image(#","annotations":{"a":1}"#), "annotations.a"),
    (Sample.image(#","annotations":[]"#), "annotations"),
    (Sample.image(#","subject":{}"#), "subject.mediaType"),
    (Sample.index(mediaType: nil).replacing("[", with: "[\(Sample.descriptor),1,"), "manifests[1]"),
    (Sample.index().replacing("sha256:ab", with: "sha384:ab"), "manifests[0].digest"),
    (Sample.index().replacing("sha256:ab", with: "sha256:AB"), "manifests[0].digest"),
    (Sample.index().replacing(#""size":2"#, with: #""size":1e99"#), "manifests[0].size"),
    (Sample.index().replacing(#""size":2"#, with: #""size":9223372036854775808"#), "manifests[0].size"),
    (Sample.index().replacing(#""size":2"#, with: #""size":"2""#), "manifests[0].size"),
    (Sample.index().replacing(#""size":2"#, with: #""size":2,"data":"AAA=","urls":{}"#), "manifests[0].urls"),
    (Sample.index().replacing(#""size":2"#, with: #""size":2,"data":"!!!=""#), "manifests[0].data"),
    (Sample.index().replacing(#""size":2"#, with: #""size":2,"size":2"#), "manifests[0].size"),
    (Sample.index().replacing(#""size":2"#, with: #""size":2,"platform":{"os":1}"#), "manifests[0].platform"),
    (Sample.image(#","x":\#(String(repeating: "[", count: 100_000))"#), ""),
    (
      Sample.image(#","subject":\#(Sample.descriptor("a/b", more: #","Digest":"sha256:\#(Sample.hex)""#))"#),
      "subject.Digest"
    ),
  ])
  func `refuses what is no manifest and names the field`(text: String, field: String) throws {
    let error = try #require(throws: RegistryError.self) { try parse(text, as: nil) }
    #expect(error.entries.map(\.code) == [.manifestInvalid])
    #expect(error.status == .badRequest)
    #expect(error.entries[0].detail["field"] ?? "" == field, "\(error)")
  }

  @Test(arguments: [
    (Sample.image(), MediaType.ociIndex), (Sample.index(), .ociManifest), (Sample.image(), .dockerManifest),
    (Sample.image(mediaType: nil), .dockerManifest), (Sample.image(mediaType: nil), .ociIndex),
    (Sample.image(mediaType: nil), MediaType(rawValue: "application/json")),
  ])
  func `refuses a body that is not what its Content-Type says`(text: String, contentType: MediaType) {
    #expect(throws: RegistryError.self) { try parse(text, as: contentType.rawValue) }
  }

  @Test(arguments: [
    "application/vnd.oci.image.manifest.v1+json;", "application/vnd.oci.image.manifest.v1+json ; ; charset=utf-8",
    " APPLICATION/vnd.OCI.image.manifest.v1+json\t; a=\"x;\\\"y\" ;b=c",
  ])
  func `takes a Content-Type however it is written`(contentType: String) throws {
    #expect(try parse(Sample.image(), as: contentType).mediaType == .ociManifest)
    #expect(try parse(Sample.image(mediaType: nil), as: contentType).mediaType == .ociManifest)
  }

  @Test func `a type of one's own is the same in another case`() throws {
    let own = MediaType(rawValue: "application/vnd.Example.v1+json")
    #expect(try parse(Sample.image(mediaType: own), as: "Application/vnd.example.V1+json").mediaType == own)
  }

  @Test(arguments: [
    " ", ";", "; charset=utf-8", "json", "/", "a/", "/b", "a/b/c", "a b/c", "application / json", "*/*", "a/b c",
    "application/vnd.oci.image.manifest.v1+json, a/b", "a/é", "a/b\u{0}", "a/b; charset", "a/b; =x", "a/b; x=",
    "a/b; x=y z", #"a/b; x="y"#, #"a/b; x="\"#, "a/b; x y=z", "a/" + String(repeating: "b", count: 128),
  ])
  func `refuses a Content-Type that is no media type`(contentType: String) throws {
    for text in [Sample.image(), Sample.image(mediaType: nil), Sample.index()] {
      let error = try #require(throws: RegistryError.self) { try parse(text, as: contentType) }
      #expect(error.entries[0].code == .manifestInvalid)
      #expect(error.entries[0].detail["field"] == "Content-Type")
    }
  }

  @Test(arguments: [
    (#"{"schemaVersion":1,"name":"a","tag":"b","fsLayers":[],"history":[]}"#, nil),
    (Sample.image(mediaType: nil), MediaType.dockerSchema1Signed),
    (Sample.image(mediaType: .dockerSchema1), nil),
  ])
  func `says that schema 1 is not supported`(text: String, contentType: MediaType?) throws {
    let error = try #require(throws: RegistryError.self) { try parse(text, as: contentType?.rawValue) }
    #expect(error.entries[0].code == .manifestInvalid)
    #expect(error.entries[0].message.contains("schema 1, which is not supported"))
  }

  @Test func `what is taken can be served`() {
    let members = [
      #""schemaVersion":2"#, #""mediaType":null"#, #""mediaType":"""#,
      #""mediaType":"\#(MediaType.ociIndex.rawValue)""#,
      #""mediaType":"\#(MediaType.ociManifest.rawValue)""#, #""mediaType":"a/b""#, #""manifests":null"#,
      #""manifests":[]"#, #""config":\#(Sample.descriptor)"#, #""config":null"#, #""layers":null"#, #""layers":[]"#,
      #""blobs":null"#, #""subject":null"#, #""annotations":{"a":null}"#,
    ]
    var taken = 0
    for _ in 0..<20_000 {
      let text = "{" + members.shuffled().prefix(Int.random(in: 1...5)).joined(separator: ",") + "}"
      for type in [nil, MediaType.ociIndex.rawValue, MediaType.ociManifest.rawValue] {
        guard let manifest = try? parse(text, as: type) else { continue }
        taken += 1
        #expect(ManifestHead(of: Array(text.utf8))?.mediaType == manifest.mediaType, "\(text)")
      }
    }
    #expect(taken > 100)
  }

  @Test func `no text makes it trap`() {
    let sample = Array(
      Sample.image(#","subject":\#(Sample.descriptor),"annotations":{"a":"\u00e9\ud83d\ude00"},"x":[-1.5e+3,null]"#)
        .utf8)
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<5000 {
      var text = sample
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let position = Int.random(in: 0..<text.count, using: &generator)
        let byte = Array(#"{}[]",:\u0d8-.eE9nt"#.utf8).randomElement(using: &generator) ?? 0
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: text[position] = byte
        case 1: text.insert(byte, at: position)
        case 2: text.removeSubrange(position..<min(text.count, position + 20))
        default: text.removeSubrange(max(1, position)...)
        }
        if text.isEmpty { break }
      }
      // Whatever comes of it, stored content is looked at in the same way.
      _ = try? Manifest(text, contentType: nil)
      _ = ManifestHead(of: text)
    }
  }

  @Test func `refuses what is not UTF-8`() {
    #expect(throws: RegistryError.self) {
      try Manifest(Array(Sample.image().utf8) + [0xFF], contentType: nil)
    }
    let text = Sample.image(#","x":"?""#)
    #expect(throws: RegistryError.self) {
      try Manifest(text.utf8.map { $0 == UInt8(ascii: "?") ? 0xC0 : $0 }, contentType: nil)
    }
  }
}

@Suite struct ManifestHeadTests {
  @Test(
    arguments: [
      (Sample.image(), MediaType.ociManifest), (Sample.image(mediaType: .dockerManifest), .dockerManifest),
      (Sample.index(mediaType: nil), .ociIndex), (Sample.image(mediaType: nil), .ociManifest),
      (
        #"{"a":{"mediaType":"x/y"},"schemaVersion":2,"layers":[{"mediaType":"x/y"}],"mediaType":"a/b"}"#,
        MediaType(rawValue: "a/b")
      ),
      (#"{"schemaVersion":1,"fsLayers":[]}"#, .dockerSchema1Signed),
      ("{}", nil), ("", nil), ("[]", nil), (#"{"architecture":"amd64","rootfs":{}}"#, nil), ("\u{0}\u{0}", nil),
      (#"{"schemaVersion":2,"manifests":["#, nil), (#"{"mediaType":"a\nb"}"#, nil),
    ] as [(String, MediaType?)])
  func `tells what stored content is`(text: String, mediaType: MediaType?) {
    #expect(ManifestHead(of: Array(text.utf8))?.mediaType == mediaType)
  }
}
