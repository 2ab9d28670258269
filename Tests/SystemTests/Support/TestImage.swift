import Core
import Foundation
import HTTPTypes
import TestSupport

/// A small image, made of a text that makes it unlike others.
struct TestImage {
  let manifest: [UInt8]
  let config: [UInt8]
  let layers: [[UInt8]]

  static let manifestType = "application/vnd.oci.image.manifest.v1+json"
  static let indexType = "application/vnd.oci.image.index.v1+json"

  init(unique: String, layerSize: Int = 10_000) {
    let config = Array(#"{"architecture":"amd64","os":"linux","author":"\#(unique)"}"#.utf8)
    let seed = Array("\(unique) ".utf8)
    let layers = [1, 2].map { number in
      Array("layer \(number) of \(unique)".utf8) + (0..<layerSize).map { seed[$0 % seed.count] ^ UInt8($0 % 251) }
    }
    func describe(_ type: String, _ content: [UInt8]) -> String {
      #"{"mediaType":"application/vnd.oci.image.\#(type)","digest":"\#(sha256(content))","size":\#(content.count)}"#
    }
    let described = layers.map { describe("layer.v1.tar", $0) }.joined(separator: ",")
    (self.config, self.layers) = (config, layers)
    manifest = Array(
      (#"{"schemaVersion":2,"mediaType":"\#(Self.manifestType)","config":\#(describe("config.v1+json", config)),"#
        + #""layers":[\#(described)]}"#).utf8)
  }

  var blobs: [[UInt8]] { [config] + layers }

  /// Pushes it, as a client does that asks nothing first.
  @discardableResult
  static func push(to client: WireClient, repository: String, tag: String, unique: String) async throws -> TestImage {
    let image = TestImage(unique: unique)
    try await image.push(to: client, repository: repository, reference: tag)
    return image
  }

  func push(to client: WireClient, repository: String, reference: String) async throws {
    for blob in blobs {
      let begun = try await client.send(.post, "/v2/\(repository)/blobs/uploads/")
      guard begun.status == 202, let location = begun.fields[.location], let url = URLComponents(string: location)
      else { throw Failure("POST: \(begun.status) \(begun.text)") }
      let query = (url.percentEncodedQuery.map { $0 + "&" } ?? "") + "digest=" + sha256(blob)
      let put = try await client.send(
        .put, url.percentEncodedPath + "?" + query, [.contentType: "application/octet-stream"], body: blob)
      guard put.status == 201 else { throw Failure("PUT: \(put.status) \(put.text)") }
    }
    try await Self.put(client, repository, reference, Self.manifestType, manifest)
  }

  /// Pushes an index that names this image alone.
  func pushIndex(to client: WireClient, repository: String, tag: String) async throws {
    try await push(to: client, repository: repository, reference: sha256(manifest))
    let index =
      #"{"schemaVersion":2,"mediaType":"\#(Self.indexType)","manifests":[{"mediaType":"\#(Self.manifestType)","#
      + #""digest":"\#(sha256(manifest))","size":\#(manifest.count),"#
      + #""platform":{"architecture":"amd64","os":"linux"}}]}"#
    try await Self.put(client, repository, tag, Self.indexType, Array(index.utf8))
  }

  private static func put(
    _ client: WireClient, _ repository: String, _ reference: String, _ type: String, _ body: [UInt8]
  ) async throws {
    let answer = try await client.send(
      .put, "/v2/\(repository)/manifests/\(reference)", [.contentType: type], body: body)
    guard answer.status == 201 else { throw Failure("manifest: \(answer.status) \(answer.text)") }
  }
}
