import Core
import HTTPTypes
import TestSupport
import Testing

@Suite(.ownThread) struct ManifestDeleteTests {
  @Test(arguments: Deployment.allCases)
  func `a tag goes alone`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      let digest = try await repo.push("one").description
      try await repo.push("two")
      #expect(try await repo.delete("one").status == 202)
      #expect(try await repo.get("one").status == 404)
      #expect(try await repo.get("two").status == 200)
      #expect(try await repo.get(digest).status == 200)
      #expect(try await repo.tags().text.contains(#"["two"]"#))
      let again = try await repo.delete("one")
      #expect(again.status == 404)
      #expect(again.codes == ["MANIFEST_UNKNOWN"])
    }
  }

  @Test(arguments: Deployment.allCases)
  func `a manifest goes with its tags`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      let digest = try await repo.push("one").description
      try await repo.push("two")
      try await repo.push("other", seed: "b")
      #expect(try await repo.delete(digest).status == 202)
      for reference in ["one", "two", digest] { #expect(try await repo.get(reference).status == 404) }
      #expect(try await repo.tags().text.contains(#"["other"]"#))
      #expect(try await repo.delete(digest).status == 404)
      try await repo.push("one")
      #expect(try await repo.get(digest).status == 200)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `deleting can be switched off`(deployment: Deployment) async throws {
    var options = DeploymentOptions()
    options.deleteEnabled = false
    try await deployment.withSite(options) { site in
      let repo = Repo(site)
      let digest = try await repo.push("one").description
      for reference in ["one", digest] {
        let answer = try await repo.delete(reference)
        #expect(answer.status == 405)
        #expect(answer.codes == ["UNSUPPORTED"])
        #expect(answer["Allow"] == "GET, HEAD, PUT, OPTIONS")
        #expect(try await repo.get(reference).status == 200)
      }
      let patched = try await site.client.send(.patch, "/v2/\(repo.name)/manifests/one")
      #expect(patched.status == 405)
      #expect(patched["Allow"] == "GET, HEAD, PUT, OPTIONS")
      let blob = "/v2/\(repo.name)/blobs/\(Repo.digest(Array("layer a".utf8)))"
      let answer = try await site.client.send(.delete, blob)
      #expect(answer.status == 405)
      #expect(answer["Allow"] == "GET, HEAD, OPTIONS")
      #expect(try await site.client.send(.get, blob).status == 200)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `what methods a resource has is said with deleting, too`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      let digest = try await repo.push("one")
      let patched = try await site.client.send(.patch, "/v2/\(repo.name)/manifests/one")
      #expect(patched["Allow"] == "GET, HEAD, PUT, DELETE, OPTIONS")
      let posted = try await site.client.send(.post, "/v2/\(repo.name)/blobs/\(digest)")
      #expect(posted["Allow"] == "GET, HEAD, DELETE, OPTIONS")
    }
  }

  @Test(arguments: Deployment.allCases)
  func `a blob goes from one repository alone`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      let other = Repo(site)
      _ = try await repo.blob("shared")
      _ = try await other.blob("shared")
      let digest = Repo.digest(Array("shared".utf8))
      #expect(try await site.client.send(.delete, "/v2/\(repo.name)/blobs/\(digest)").status == 202)
      #expect(try await site.client.send(.get, "/v2/\(repo.name)/blobs/\(digest)").status == 404)
      #expect(try await site.client.send(.head, "/v2/\(other.name)/blobs/\(digest)").status == 200)
      #expect(try await site.client.send(.get, "/v2/\(other.name)/blobs/\(digest)").text == "shared")
      #expect(try await site.client.send(.delete, "/v2/\(repo.name)/blobs/\(digest)").status == 404)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `a repository that is emptied leaves no trace, and nothing beside it goes`(
    deployment: Deployment
  ) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site, "emptied/repo")
      let name = try #require(RepositoryName(repo.name))
      let below = Repo(site, "\(repo.name)/below")
      let subject = Repo.digest([1])
      let more =
        #","subject":{"mediaType":"\#(MediaType.ociManifest.rawValue)","digest":"\#(subject)","size":5}"#
      let digest = try await repo.push("one", more: more)
      try await repo.push("two", more: more)
      let upload = try await site.client.send(.post, "/v2/\(repo.name)/blobs/uploads/")
      #expect(try await site.client.send(.delete, upload["Location"] ?? "").status == 204)
      try await below.push("one")
      #expect(try await repo.delete(digest.description).status == 202)
      #expect(try await repo.tags().text == #"{"name":"\#(repo.name)","tags":[]}"#)
      for content in ["config a", "layer a"] {
        let blob = Repo.digest(Array(content.utf8))
        #expect(try await site.client.send(.delete, "/v2/\(repo.name)/blobs/\(blob)").status == 202)
      }
      #expect(
        try await site.driver.list(StorageLayout.repository(name)) == [String(below.name.split(separator: "/")[2])])
      let unknown = try await repo.tags()
      #expect(unknown.status == 404)
      #expect(unknown.codes == ["NAME_UNKNOWN"])
      #expect(try await below.get("one").status == 200)
      try await repo.push("one")
      #expect(try await repo.get("one").status == 200)
    }
  }
}
