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
        #expect(try await repo.get(reference).status == 200)
      }
    }
  }
}
