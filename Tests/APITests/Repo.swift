import Core
import HTTPTypes
import TestSupport
import Testing

/// One repository of a test: pushes to it through the API, and puts blobs beneath it.
struct Repo {
  let site: Deployment.Site
  let name: String

  init(_ site: Deployment.Site, _ base: String = "test/repo") {
    self.site = site
    name = Deployment.uniqueName(base)
  }

  /// The same repository through another site.
  init(_ site: Deployment.Site, sameAs other: Repo) {
    self.site = site
    name = other.name
  }

  var repository: Core.Repository {
    get throws { Registry(driver: site.driver).repository(try #require(RepositoryName(name))) }
  }

  static func digest(_ content: [UInt8], _ algorithm: Digest.Algorithm = .sha256) -> Digest {
    ContentHasher.digest(algorithm, of: content)
  }

  /// Puts a blob into the repository. Returns its descriptor.
  func blob(_ content: String, mediaType: String = "application/octet-stream") async throws -> String {
    let bytes = Array(content.utf8)
    let digest = Repo.digest(bytes)
    try await repository.blobs.blobs.put(bytes, digest: digest)
    try await repository.blobs.link(digest)
    return Repo.descriptor(bytes, digest, mediaType)
  }

  static func descriptor(_ content: [UInt8], _ digest: Digest, _ mediaType: String, more: String = "") -> String {
    #"{"mediaType":"\#(mediaType)","digest":"\#(digest)","size":\#(content.count)\#(more)}"#
  }

  /// The text of an image whose config and layer are in the repository.
  func image(_ seed: String = "a", mediaType: MediaType? = .ociManifest, more: String = "") async throws -> String {
    let config = try await blob("config \(seed)", mediaType: "application/vnd.oci.image.config.v1+json")
    let layer = try await blob("layer \(seed)")
    let type = mediaType.map { #""mediaType":"\#($0.rawValue)","# } ?? ""
    return #"{"schemaVersion":2,\#(type)"config":\#(config),"layers":[\#(layer)]\#(more)}"#
  }

  @discardableResult
  func put(_ manifest: String, at reference: String, as mediaType: MediaType? = nil) async throws -> TestResponse {
    var fields = HTTPFields()
    if let mediaType { fields[.contentType] = mediaType.rawValue }
    return try await site.client.send(.put, "/v2/\(name)/manifests/\(reference)", fields, body: Array(manifest.utf8))
  }

  func get(_ reference: String, _ fields: HTTPFields = [:]) async throws -> TestResponse {
    try await site.client.send(.get, "/v2/\(name)/manifests/\(reference)", fields)
  }

  func head(_ reference: String, _ fields: HTTPFields = [:]) async throws -> TestResponse {
    try await site.client.send(.head, "/v2/\(name)/manifests/\(reference)", fields)
  }

  func delete(_ reference: String) async throws -> TestResponse {
    try await site.client.send(.delete, "/v2/\(name)/manifests/\(reference)")
  }

  func tags(_ query: String = "") async throws -> TestResponse {
    try await site.client.send(.get, "/v2/\(name)/tags/list\(query)")
  }

  /// Puts an image and points a tag to it. Returns its digest.
  @discardableResult
  func push(_ tag: String, seed: String = "a", more: String = "") async throws -> Digest {
    let image = try await image(seed, more: more)
    let answer = try await put(image, at: tag)
    #expect(answer.status == 201, "\(answer.text)")
    return Repo.digest(Array(image.utf8))
  }
}

extension TestResponse {
  /// A field by name.
  subscript(_ name: String) -> String? {
    HTTPField.Name(name).flatMap { fields[$0] }
  }

  /// The codes of the error form.
  var codes: [String] {
    text.split(separator: #"{"code":""#).dropFirst().map { String($0.prefix { $0 != "\"" }) }
  }
}
