import Core
import HTTPTypes
import TestSupport
import Testing

@Suite(.ownThread) struct TagListTests {
  @Test(arguments: Deployment.allCases)
  func `tags come in byte order, page by page`(deployment: Deployment) async throws {
    var options = DeploymentOptions()
    options.maxTags = 4
    options.prefix = "/hub/"
    try await deployment.withSite(options) { site in
      let repo = Repo(site)
      let tags = ["2", "10", "a", "B", "_x", "a-b", "a.b"]
      let name = try #require(RepositoryName(repo.name))
      let link = Array(Repo.digest([1]).description.utf8)
      for tag in tags {
        try await site.driver.put(
          link, at: StorageLayout.tagCurrentLink(name, try #require(Tag(tag))), durability: .process)
      }
      let sorted = ["10", "2", "B", "_x", "a", "a-b", "a.b"]
      let path = "/hub/v2/\(repo.name)/tags/list"
      func list(_ target: String) async throws -> (tags: [String], next: String?) {
        let answer = try await site.client.send(.get, target)
        #expect(answer.status == 200, "\(answer.text)")
        let inside = try #require(answer.text.split(separator: "[").last).prefix { $0 != "]" }
        let next = answer["Link"]?.split(separator: ">; rel=\"next\"").first.map { String($0.dropFirst()) }
        return (inside.split(separator: ",").map { String($0.dropFirst().dropLast()) }, next)
      }
      #expect(try await list(path).tags == sorted)
      #expect(try await list(path).next == nil)
      #expect(try await list(path + "?last=B").tags == ["_x", "a", "a-b", "a.b"])
      #expect(try await list(path + "?last=C").tags == ["_x", "a", "a-b", "a.b"])
      #expect(try await list(path + "?last=z&n=2").tags == [])
      for size in ["0", "00"] {
        let none = try await list(path + "?n=\(size)")
        #expect(none.tags == [] && none.next == nil)
      }
      #expect(try await list(path + "?n=99999999999999999999999").tags == Array(sorted.prefix(4)))
      for size in 1...7 {
        var collected: [String] = []
        var target: String? = path + "?n=\(size)"
        while let here = target {
          let page = try await list(here)
          #expect((1...min(size, 4)).contains(page.tags.count))
          collected += page.tags
          target = page.next
        }
        #expect(collected == sorted)
      }
    }
  }

  @Test(arguments: Deployment.allCases, ["-1", "x", "1.5", "%00", "0x10"])
  func `what is no number of entries is refused`(deployment: Deployment, count: String) async throws {
    try await deployment.withSite { site in
      for path in ["/v2/a/tags/list", "/v2/_catalog"] {
        let answer = try await site.client.send(.get, "\(path)?n=\(count)")
        #expect(answer.status == 400)
        #expect(answer.codes == ["PAGINATION_NUMBER_INVALID"])
      }
    }
  }

  @Test(arguments: Deployment.allCases)
  func `a repository without tags has an empty list, and an unknown one is unknown`(
    deployment: Deployment
  ) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      let unknown = try await repo.tags()
      #expect(unknown.status == 404)
      #expect(unknown.codes == ["NAME_UNKNOWN"])
      _ = try await repo.blob("x")
      #expect(try await repo.tags().text == #"{"name":"\#(repo.name)","tags":[]}"#)
      try await repo.push("one")
      #expect(try await repo.tags().text == #"{"name":"\#(repo.name)","tags":["one"]}"#)
      _ = try await repo.delete("one")
      #expect(try await repo.tags().text == #"{"name":"\#(repo.name)","tags":[]}"#)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `a tag without a sound link is listed once it has one`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      let name = try #require(RepositoryName(repo.name))
      try await repo.push("whole")
      let torn = StorageLayout.tagCurrentLink(name, try #require(Tag("torn")))
      try await site.driver.put([], at: torn, durability: .process)
      for _ in 0..<3 { #expect(try await repo.tags().text.contains(#"["whole"]"#)) }
      try await repo.push("torn")
      for _ in 0..<3 { #expect(try await repo.tags().text.contains(#"["torn","whole"]"#)) }
    }
  }
}
