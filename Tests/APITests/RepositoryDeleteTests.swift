import Core
import HTTPTypes
import TestSupport
import Testing

@Suite(.ownThread) struct RepositoryDeleteTests {
  private static var options: DeploymentOptions {
    var options = DeploymentOptions()
    options.deleteRepositories = true
    return options
  }

  private func delete(_ repo: Repo) async throws -> TestResponse {
    try await repo.site.client.send(.delete, "/v2/\(repo.name)/_berth/repository")
  }

  @Test(arguments: Deployment.allCases)
  func `a repository goes with all that is in it, and alone`(deployment: Deployment) async throws {
    try await deployment.withSite(Self.options) { site in
      let repo = Repo(site)
      let below = Repo(site, "\(repo.name)/below")
      let beside = Repo(site)
      let subject = Repo.digest([1])
      let more =
        #","subject":{"mediaType":"\#(MediaType.ociManifest.rawValue)","digest":"\#(subject)","size":5}"#
      let digest = try await repo.push("one", more: more).description
      try await repo.push("two", seed: "b")
      for other in [below, beside] { try await other.push("one", more: more) }
      let upload = try await site.client.send(.post, "/v2/\(repo.name)/blobs/uploads/")
      let location = try #require(upload["Location"])
      #expect(try await site.client.send(.patch, location, body: [1, 2, 3]).status == 202)

      let answer = try await delete(repo)
      #expect(answer.status == 202)
      #expect(answer.body.isEmpty)
      for reference in ["one", "two", digest] { #expect(try await repo.get(reference).status == 404) }
      #expect(try await repo.tags().codes == ["NAME_UNKNOWN"])
      #expect(try await site.client.send(.get, location).status == 404)
      let blob = Repo.digest(Array("layer a".utf8))
      #expect(try await site.client.send(.head, "/v2/\(repo.name)/blobs/\(blob)").status == 404)
      let referrers = try await site.client.send(.get, "/v2/\(repo.name)/referrers/\(subject)")
      #expect(referrers.text.contains(#""manifests":[]"#))
      for other in [below, beside] {
        #expect(try await other.get("one").status == 200)
        #expect(try await site.client.send(.get, "/v2/\(other.name)/blobs/\(blob)").text == "layer a")
      }
      let catalog = try await site.client.send(.get, "/v2/_catalog")
      #expect(!catalog.text.contains("\"\(repo.name)\"") && catalog.text.contains("\"\(below.name)\""))
      let name = try #require(RepositoryName(repo.name))
      #expect(try await site.driver.list(StorageLayout.repository(name)).count == 1)
      let again = try await delete(repo)
      #expect(again.status == 404)
      #expect(again.codes == ["NAME_UNKNOWN"])

      try await repo.push("one")
      #expect(try await repo.get("one").status == 200)
    }
  }

  @Test(arguments: Deployment.withDirectories)
  func `a repository that holds nothing else leaves no trace`(deployment: Deployment) async throws {
    try await deployment.withSite(Self.options) { site in
      let repo = Repo(site, "\(Deployment.uniqueName("top"))/deep/repo")
      try await repo.push("one")
      #expect(try await delete(repo).status == 202)
      let top = String(repo.name.prefix { $0 != "/" })
      #expect(try await !site.driver.list(StorageLayout.repositories).contains(top))
    }
  }

  @Test(arguments: Deployment.allCases)
  func `an upload that is being written to is left`(deployment: Deployment) async throws {
    try await deployment.withSite(Self.options) { site in
      let repo = Repo(site)
      try await repo.push("one")
      let name = try #require(RepositoryName(repo.name))
      let id = UploadID()
      let writer = try await site.driver.writer(at: StorageLayout.uploadData(name, id), appending: false)
      #expect(try await delete(repo).status == 202)
      #expect(try await site.driver.list(StorageLayout.repository(name)) == ["_uploads"])
      #expect(try await repo.get("one").status == 404)
      try await writer.close()
      // A process that another test is starting at this moment may hold the lock a little longer.
      var status = 202
      for _ in 0..<500 where status == 202 {
        status = try await delete(repo).status
        if status == 202 { try await Task.sleep(for: .milliseconds(10)) }
      }
      #expect(status == 404)
      #expect((try? await site.driver.stat(StorageLayout.repository(name))) == nil)
    }
  }

  @Test(
    arguments: Deployment.allCases, [(enabled: true, repositories: false), (enabled: false, repositories: true)])
  func `it must be switched on`(
    deployment: Deployment, switches: (enabled: Bool, repositories: Bool)
  ) async throws {
    var options = DeploymentOptions()
    options.deleteEnabled = switches.enabled
    options.deleteRepositories = switches.repositories
    try await deployment.withSite(options) { site in
      let repo = Repo(site)
      try await repo.push("one")
      let answer = try await delete(repo)
      #expect(answer.status == 405)
      #expect(answer.codes == ["UNSUPPORTED"])
      #expect(answer["Allow"] == "OPTIONS")
      #expect(try await repo.get("one").status == 200)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `read-only mode forbids it`(deployment: Deployment) async throws {
    var options = Self.options
    options.readOnly = true
    try await deployment.withSite(options) { site in
      let name = try #require(RepositoryName("a"))
      let link = StorageLayout.revisionLink(name, Repo.digest([1]))
      try await site.driver.put([1], at: link, durability: .process)
      let answer = try await site.client.send(.delete, "/v2/a/_berth/repository")
      #expect(answer.status == 405)
      #expect(answer.codes == ["UNSUPPORTED"])
      #expect(try await site.driver.stat(link).size == 1)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `nothing else is offered there`(deployment: Deployment) async throws {
    try await deployment.withSite(Self.options) { site in
      let answer = try await site.client.send(.get, "/v2/a/_berth/repository")
      #expect(answer.status == 405)
      #expect(answer["Allow"] == "DELETE, OPTIONS")
      for (target, status) in [
        ("/v2/_berth/repository", 400), ("/v2/A/_berth/repository", 400), ("/v2/a/%2e%2e/_berth/repository", 400),
        ("/v2/a/_berth/", 404), ("/v2/a/_berth/other", 404),
      ] {
        #expect(try await site.client.send(.delete, target).status == status, "\(target)")
      }
    }
  }

  @Test(arguments: Deployment.allCases)
  func `a lock that a deletion left when it died holds up nobody`(deployment: Deployment) async throws {
    try await deployment.withSite(Self.options) { site in
      let repo = Repo(site)
      let name = try #require(RepositoryName(repo.name))
      let lock = try #require(StorageLayout.repository(name).appending("_removal"))
      try await site.driver.put([], at: lock, durability: .process)
      try await repo.push("one")
      #expect(try await !site.driver.list(StorageLayout.repository(name)).contains("_removal"))
      try await site.driver.put([], at: lock, durability: .process)
      #expect(try await delete(repo).status == 202)
      #expect((try? await site.driver.stat(StorageLayout.repository(name))) == nil)
    }
  }
}
