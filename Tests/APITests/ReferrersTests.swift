import Core
import Foundation
import HTTPTypes
import TestSupport
import Testing

@Suite(.ownThread) struct ReferrersTests {
  /// A list of referrers as clients read it.
  private struct Index: Decodable {
    var schemaVersion: Int
    var mediaType: String
    var manifests: [Entry]

    struct Entry: Decodable, Equatable {
      var mediaType: String
      var digest: String
      var size: Int
      var artifactType: String?
      var annotations: [String: String]?
    }
  }

  private func list(_ repo: Repo, _ target: String) async throws -> (index: Index, answer: TestResponse) {
    let answer = try await repo.site.client.send(.get, target)
    #expect(answer.status == 200, "\(answer.text)")
    #expect(answer["Content-Type"] == MediaType.ociIndex.rawValue)
    let index = try JSONDecoder().decode(Index.self, from: Data(answer.body))
    #expect(index.schemaVersion == 2 && index.mediaType == MediaType.ociIndex.rawValue)
    return (index, answer)
  }

  private func subject(_ digest: Digest) -> String {
    #","subject":{"mediaType":"\#(MediaType.ociManifest.rawValue)","digest":"\#(digest)","size":5}"#
  }

  @Test(arguments: Deployment.allCases)
  func `a subject that nobody refers to has an empty list`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      let empty = try await list(repo, "/v2/\(repo.name)/referrers/\(Repo.digest([1]))")
      #expect(empty.index.manifests == [])
      let invalid = try await site.client.send(.get, "/v2/\(repo.name)/referrers/sha256:x")
      #expect(invalid.status == 400)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `a referrer's size is its own, whatever it says of its subject's`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      let about = try await repo.push("subject")
      var sizes: [String: Int] = [:]
      for size in [#","size":0"#, #","size":9223372036854775807"#, ""] {
        let text = try await repo.image(more: subject(about).replacing(#","size":5"#, with: size))
        #expect(try await repo.put(text, at: "referrer").status == 201)
        sizes[Repo.digest(Array(text.utf8)).description] = text.utf8.count
      }
      let index = try await list(repo, "/v2/\(repo.name)/referrers/\(about)").index
      #expect(Dictionary(uniqueKeysWithValues: index.manifests.map { ($0.digest, $0.size) }) == sizes)
    }
  }

  @Test(arguments: Deployment.allCases, [Digest.Algorithm.sha256, .sha512])
  func `referrers are listed with what they are`(
    deployment: Deployment, algorithm: Digest.Algorithm
  ) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      let about = Repo.digest([1], algorithm)
      let path = "/v2/\(repo.name)/referrers/\(about)"
      let annotated = #","artifactType":"a/sbom+x","annotations":{"k\"":"\u00e9\n"}"#
      var expected: [Index.Entry] = []
      for (text, type, annotations) in [
        (try await repo.image("typed", more: annotated + subject(about)), "a/sbom+x", ["k\"": "é\n"]),
        (try await repo.image("plain", more: subject(about)), "application/vnd.oci.image.config.v1+json", nil),
        (
          #"{"schemaVersion":2,"mediaType":"\#(MediaType.ociIndex.rawValue)","manifests":[]\#(subject(about))}"#, nil,
          nil
        ),
      ] as [(String, String?, [String: String]?)] {
        let digest = Repo.digest(Array(text.utf8))
        for reference in [digest.description, "tag"] {
          let answer = try await repo.put(text, at: reference)
          #expect(answer.status == 201, "\(answer.text)")
          #expect(answer["OCI-Subject"] == about.description)
        }
        expected.append(
          Index.Entry(
            mediaType: (text.contains(#""manifests":"#) ? MediaType.ociIndex : .ociManifest).rawValue,
            digest: digest.description, size: text.utf8.count, artifactType: type, annotations: annotations))
      }
      let all = try await list(repo, path)
      #expect(all.index.manifests == expected.sorted { $0.digest < $1.digest })
      #expect(all.answer["OCI-Filters-Applied"] == nil)
      for type in ["a%2Fsbom%2Bx", "a/sbom+x"] {
        let filtered = try await list(repo, path + "?artifactType=\(type)")
        #expect(filtered.index.manifests == [expected[0]])
        #expect(filtered.answer["OCI-Filters-Applied"] == "artifactType")
      }
      #expect(try await list(repo, path + "?artifactType=no/such").index.manifests == [])
      #expect(try await repo.delete(expected[0].digest).status == 202)
      #expect(try await list(repo, path).index.manifests.count == 2)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `a torn entry is read from the manifest`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      let about = Repo.digest([1])
      let digest = try await repo.push("tag", more: subject(about))
      let path = StorageLayout.referrer(try #require(RepositoryName(repo.name)), subject: about, digest)
      try await site.driver.put(Array(#"{"mediaType":"#.utf8), at: path, durability: .process)
      let entries = try await list(repo, "/v2/\(repo.name)/referrers/\(about)").index.manifests
      #expect(entries.map(\.digest) == [digest.description])
    }
  }

  @Test(arguments: Deployment.allCases)
  func `what clients kept under the fallback tag is found`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      let name = try #require(RepositoryName(repo.name))
      let about = Repo.digest([1])
      let text = try await repo.image("sbom", more: subject(about))
      let other = try await repo.image("other")
      var descriptors: [String] = []
      for text in [text, other] {
        let digest = Repo.digest(Array(text.utf8))
        #expect(try await repo.put(text, at: digest.description).status == 201)
        descriptors.append(Repo.descriptor(Array(text.utf8), digest, MediaType.ociManifest.rawValue))
      }
      let digest = Repo.digest(Array(text.utf8))
      try await site.driver.delete(StorageLayout.referrers(name, about), durability: .process)
      let index =
        #"{"schemaVersion":2,"mediaType":"\#(MediaType.ociIndex.rawValue)","manifests":[\#(descriptors[0]),\#(descriptors[1])]}"#
      #expect(try await repo.put(index, at: "sha256-\(about.hex)").status == 201)
      let entries = try await list(repo, "/v2/\(repo.name)/referrers/\(about)").index.manifests
      #expect(entries.map(\.digest) == [digest.description])
      #expect(entries.map(\.artifactType) == ["application/vnd.oci.image.config.v1+json"])
    }
  }

  @Test(arguments: [Deployment.inMemory])
  func `a long list can be followed to its end`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      let about = Repo.digest([1])
      var digests: Set<String> = []
      let config = try await repo.blob("config", mediaType: "a/b")
      for index in 0..<1203 {
        let text = #"{"schemaVersion":2,"config":\#(config),"layers":[],"n":\#(index)\#(subject(about))}"#
        let digest = Repo.digest(Array(text.utf8)).description
        #expect(try await repo.put(text, at: digest).status == 201)
        digests.insert(digest)
      }
      var pages: [[String]] = []
      var target: String? = "/v2/\(repo.name)/referrers/\(about)?artifactType=a%2Fb"
      while let here = target {
        let page = try await list(repo, here)
        pages.append(page.index.manifests.map(\.digest))
        target = page.answer["Link"]?.split(separator: ">; rel=\"next\"").first.map { String($0.dropFirst()) }
      }
      #expect(pages.map(\.count) == [500, 500, 203])
      #expect(Set(pages.joined()) == digests)
    }
  }
}
