import Core
import Foundation
import HTTPTypes
import TestSupport

/// Everything that a registry serves, found by following its lists, each piece verified by its digest.
struct RegistrySnapshot: Equatable {
  /// Tag → digest, for each repository.
  private(set) var tags: [String: [String: String]] = [:]
  /// `repository@digest` of every manifest that a tag leads to.
  private(set) var manifests: Set<String> = []
  /// `repository@digest` of every config and layer that a manifest names.
  private(set) var blobs: Set<String> = []

  static let acceptedTypes = [
    "application/vnd.docker.distribution.manifest.v2+json", "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json",
  ].joined(separator: ", ")

  /// Reads it all. Throws where something that is listed is not served, or is not what its digest says.
  init(of client: WireClient) async throws {
    for repository in try Self.list(client, "/v2/_catalog", "repositories") {
      var current: [String: String] = [:]
      for tag in try Self.list(client, "/v2/\(repository)/tags/list", "tags") {
        let answer = try Self.get(client, "/v2/\(repository)/manifests/\(tag)")
        let digest = answer.fields[.dockerContentDigest] ?? "no digest"
        guard sha256(answer.body) == digest else { throw Failure("\(repository):\(tag) is not \(digest)") }
        current[tag] = digest
        try follow(client, repository, digest)
      }
      tags[repository] = current
    }
  }

  private mutating func follow(_ client: WireClient, _ repository: String, _ digest: String) throws {
    guard manifests.insert("\(repository)@\(digest)").inserted else { return }
    let answer = try Self.get(client, "/v2/\(repository)/manifests/\(digest)")
    guard sha256(answer.body) == digest else { throw Failure("\(repository)@\(digest) has other content") }
    let manifest = try JSONDecoder().decode(Manifest.self, from: Data(answer.body))
    guard manifest.mediaType == nil || answer.fields[.contentType] == manifest.mediaType else {
      throw Failure("\(repository)@\(digest) is served as \(answer.fields[.contentType] ?? "nothing")")
    }
    for child in manifest.manifests ?? [] { try follow(client, repository, child.digest) }
    for blob in (manifest.layers ?? []) + (manifest.config.map { [$0] } ?? []) {
      guard blobs.insert("\(repository)@\(blob.digest)").inserted else { continue }
      let answer = try Self.get(client, "/v2/\(repository)/blobs/\(blob.digest)")
      guard answer.body.count == blob.size, sha256(answer.body) == blob.digest else {
        throw Failure("blob \(blob.digest) of \(repository) has other content")
      }
    }
  }

  private static func get(_ client: WireClient, _ target: String) throws -> TestResponse {
    let answer = try WireClient.Connection(port: client.port).exchange(
      TestRequest(.get, target, fields: [.accept: acceptedTypes]), close: true)
    guard answer.status == 200 else { throw Failure("\(target): \(answer.status) \(answer.text)") }
    return answer
  }

  /// The names under `key` in the answers, page after page.
  static func list(_ client: WireClient, _ target: String, _ key: String) throws -> [String] {
    var names: [String] = []
    var next: String? = target
    while let page = next {
      let answer = try get(client, page)
      guard let object = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any] else {
        throw Failure("\(page) is no object")
      }
      names += object[key] as? [String] ?? []
      next = answer.fields[.link].flatMap { link in
        link.split(separator: "<").first?.split(separator: ">").first.map(String.init)
      }
    }
    return names
  }

  private struct Manifest: Decodable {
    var mediaType: String?
    var manifests: [Descriptor]?
    var config: Descriptor?
    var layers: [Descriptor]?

    struct Descriptor: Decodable {
      var digest: String
      var size: Int
    }
  }
}
