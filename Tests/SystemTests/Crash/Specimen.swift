import HTTPTypes
import TestSupport

/// A store with something of everything, and what can be done to it.
enum Specimen {
  static let app = "base/app"
  static let library = "other/library"
  static let fresh = "new/repository"

  /// A small image, or an artifact that says something about one.
  struct Image: Sendable {
    let blobs: [[UInt8]]
    let manifest: [UInt8]
    var digest: String { sha256(manifest) }

    init(_ name: String, subject: [UInt8]? = nil) {
      func describe(_ type: String, _ content: [UInt8]) -> String {
        #"{"mediaType":"application/\#(type)","digest":"\#(sha256(content))","size":\#(content.count)}"#
      }
      let config = Array(#"{"os":"linux","author":"\#(name)"}"#.utf8)
      let layer = Array("layer of \(name) ".utf8) + TestContent.bytes(9000, seed: name.utf8.reduce(0) { $0 + Int($1) })
      blobs = [config, layer]
      let subject = subject.map { #","subject":"# + describe("vnd.oci.image.manifest.v1+json", $0) } ?? ""
      manifest = Array(
        (#"{"schemaVersion":2,"mediaType":"\#(TestImage.manifestType)","config":"#
          + describe("vnd.oci.image.config.v1+json", config)
          + #","layers":[\#(describe("vnd.oci.image.layer.v1.tar", layer))]\#(subject)}"#).utf8)
    }
  }

  static let stable = Image("stable")
  static let next = Image("next")
  /// Blobs without a manifest, at first.
  static let coming = Image("coming")
  static let untagged = Image("untagged")
  static let signature = Image("signature", subject: stable.manifest)
  static let secondSignature = Image("second signature", subject: stable.manifest)
  static let untaggedSignature = Image("signature of untagged", subject: untagged.manifest)
  static let shared = Image("shared")
  static let loose = TestContent.bytes(5000, seed: 77)
  static let upload = TestContent.bytes(50_000, seed: 5)

  static let tags = ["stable", "old", "next", "fresh"]
  static let repositories = [app, library, fresh]

  static let images = [stable, next, coming, untagged, signature, secondSignature, untaggedSignature, shared]

  /// Every content that a script may bring about.
  static let contents: [[UInt8]] =
    images.flatMap { $0.blobs + [$0.manifest] } + [loose, upload]

  /// Those that get into other repositories than the first.
  static let fewContents = [coming, shared].flatMap { $0.blobs + [$0.manifest] }

  /// Makes the store.
  static let preparation = Script(
    "preparation",
    push(stable, ["stable", "old"]) + push(next, ["next"]) + push(coming, nil) + push(untagged, [])
      + push(signature, [])
      + push(secondSignature, nil) + push(untaggedSignature, []) + [whole(loose)]
      + push(shared, ["latest"], to: library))

  /// Not a method of HTTP: garbage collection.
  static let collect = HTTPRequest.Method("COLLECT") ?? .trace

  /// What the keeper does.
  static let collections = [
    Script("garbage collection", [TestRequest(collect, "plain")]),
    Script("garbage collection, untagged manifests too", [TestRequest(collect, "untagged")]),
  ]

  /// Everything that clients do.
  static let scripts: [Script] = [
    Script("upload in one request", [whole(upload)]),
    Script("upload in two requests", [begin(app), put("{location}", upload, upload)]),
    Script("upload in chunks", chunked + [put("{location}", upload, [])]),
    Script("upload of what another repository has", [whole(shared.blobs[1])]),
    Script("upload given up", chunked + [TestRequest(.delete, "{location}")]),
    Script("mount", [TestRequest(.post, mount(shared.blobs[1]))]),
    Script("manifest under a new tag", [manifest(coming, "fresh")]),
    Script("manifest over a tag", [manifest(coming, "stable")]),
    Script("manifest with a subject", [manifest(secondSignature, secondSignature.digest)]),
    Script("tag moved", [manifest(next, "stable")]),
    Script("first image of a repository", push(coming, ["fresh"], to: fresh)),
    Script("tag deleted", [TestRequest(.delete, "/v2/\(app)/manifests/stable")]),
    Script("manifest deleted", [TestRequest(.delete, "/v2/\(app)/manifests/\(stable.digest)")]),
    Script("referrer deleted", [TestRequest(.delete, "/v2/\(app)/manifests/\(signature.digest)")]),
    Script("blob deleted", [TestRequest(.delete, "/v2/\(app)/blobs/\(sha256(loose))")]),
  ]

  private static let chunked = [begin(app), chunk(0..<20_000), chunk(20_000..<upload.count)]

  private static func begin(_ repository: String) -> TestRequest {
    TestRequest(.post, "/v2/\(repository)/blobs/uploads/")
  }

  private static func whole(_ content: [UInt8], to repository: String = app) -> TestRequest {
    TestRequest(.post, "/v2/\(repository)/blobs/uploads/?digest=\(sha256(content))", fields: octets, body: content)
  }

  private static func chunk(_ range: Range<Int>) -> TestRequest {
    var fields = octets
    fields[.contentRange] = "\(range.lowerBound)-\(range.upperBound - 1)"
    return TestRequest(.patch, "{location}", fields: fields, body: Array(upload[range]))
  }

  /// How many bytes the upload holds once a request has been taken.
  static func end(of step: TestRequest) -> Int {
    step.fields[.contentRange]?.split(separator: "-").last.flatMap { Int($0) }.map { $0 + 1 } ?? upload.count
  }

  private static func put(_ location: String, _ content: [UInt8], _ body: [UInt8]) -> TestRequest {
    TestRequest(.put, "\(location)&digest=\(sha256(content))", fields: octets, body: body)
  }

  private static func mount(_ content: [UInt8]) -> String {
    "/v2/\(app)/blobs/uploads/?mount=\(sha256(content))&from=\(library)"
  }

  private static func manifest(_ image: Image, _ reference: String, in repository: String = app) -> TestRequest {
    TestRequest(
      .put, "/v2/\(repository)/manifests/\(reference)", fields: [.contentType: TestImage.manifestType],
      body: image.manifest)
  }

  /// - Parameter tags: none: by its digest; nil: only what it is made of.
  private static func push(_ image: Image, _ tags: [String]?, to repository: String = app) -> [TestRequest] {
    let references = tags.map { $0.isEmpty ? [image.digest] : $0 } ?? []
    return image.blobs.map { whole($0, to: repository) } + references.map { manifest(image, $0, in: repository) }
  }

  private static let octets: HTTPFields = [.contentType: "application/octet-stream"]
}
