import Core
import Foundation
import HTTPTypes
import TestSupport
import Testing

@Suite(.ownThread) struct TagHistoryTests {
  private struct Page: Decodable {
    var name: String
    var tag: String
    var history: [Entry]

    struct Entry: Decodable, Equatable {
      var digest: String
      var time: String
      var current: Bool
      var exists: Bool
    }
  }

  private func page(_ site: Deployment.Site, _ target: String) async throws -> (page: Page, next: String?) {
    let answer = try await site.client.send(.get, target)
    #expect(answer.status == 200, "\(answer.text)")
    #expect(answer["Content-Type"] == "application/json")
    let next = answer["Link"]?.split(separator: ">; rel=\"next\"").first.map { String($0.dropFirst()) }
    return (try JSONDecoder().decode(Page.self, from: Data(answer.body)), next)
  }

  @Test(arguments: Deployment.allCases)
  func `a tag's history is newest first, with what is current and what is gone`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      var digests: [String] = []
      for seed in ["a", "b", "c"] {
        digests.append(try await repo.push("one", seed: seed).description)
        // Files bear the time of a clock that ticks some hundred times a second.
        try await Task.sleep(for: .milliseconds(20))
      }
      try await repo.push("other", seed: "d")
      let path = "/v2/\(repo.name)/_berth/tags/one/history"
      let whole = try await page(site, path)
      #expect(whole.page.name == repo.name && whole.page.tag == "one" && whole.next == nil)
      #expect(whole.page.history.map(\.digest) == digests.reversed())
      #expect(whole.page.history.map(\.current) == [true, false, false])
      #expect(whole.page.history.map(\.exists) == [true, true, true])
      for entry in whole.page.history {
        let time = try Date(entry.time, strategy: .iso8601)
        #expect(abs(time.timeIntervalSinceNow) < 600)
      }
      // Back to what it was: the time stays that of the first time.
      try await repo.push("one", seed: "a")
      #expect(try await repo.delete(digests[1]).status == 202)
      let later = try await page(site, path).page.history
      #expect(later.map(\.digest) == digests.reversed())
      #expect(later.map(\.current) == [false, false, true])
      #expect(later.map(\.exists) == [true, false, true])
      #expect(later.last?.time == whole.page.history.last?.time)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `a history is had in pages`(deployment: Deployment) async throws {
    var options = DeploymentOptions()
    options.maxTags = 3
    options.prefix = "/hub/"
    try await deployment.withSite(options) { site in
      let name = try #require(RepositoryName(Deployment.uniqueName()))
      let tag = try #require(Tag("manifests"))
      var digests: Set<String> = []
      for number in 0..<7 {
        let digest = Repo.digest([UInt8(number)], number % 2 == 0 ? .sha256 : .sha512)
        digests.insert(digest.description)
        let text = Array(digest.description.utf8)
        try await site.driver.put(text, at: StorageLayout.tagIndexLink(name, tag, digest), durability: .process)
        try await site.driver.put(text, at: StorageLayout.tagCurrentLink(name, tag), durability: .process)
      }
      try await site.driver.put(
        [], at: StorageLayout.tagIndexLink(name, tag, Repo.digest([99])), durability: .process)
      let path = "/hub/v2/\(name)/_berth/tags/\(tag)/history"
      #expect(try await page(site, path).page.history.count == 3)
      #expect(try await page(site, path + "?n=100").page.history.count == 3)
      #expect(try await page(site, path + "?n=0").page.history.isEmpty)
      for size in 1...3 {
        var collected: [Page.Entry] = []
        var target: String? = path + "?n=\(size)"
        while let here = target {
          let answer = try await page(site, here)
          #expect((1...size).contains(answer.page.history.count))
          collected += answer.page.history
          target = answer.next
        }
        #expect(Set(collected.map(\.digest)) == digests && collected.count == 7)
        #expect(collected.count { $0.current } == 1)
        #expect(collected.allSatisfy { !$0.exists })
      }
    }
  }

  @Test(arguments: Deployment.allCases)
  func `a tag without an index has what it points to`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      let digest = try await repo.push("one").description
      let name = try #require(RepositoryName(repo.name))
      let tag = try #require(Tag("one"))
      let index = try #require(StorageLayout.tag(name, tag).appending("index"))
      try await site.driver.delete(index, durability: .process)
      let history = try await page(site, "/v2/\(repo.name)/_berth/tags/one/history").page.history
      #expect(history.map(\.digest) == [digest])
      #expect(history.first?.current == true)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `what can't be answered is refused`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      try await repo.push("one")
      let path = "/v2/\(repo.name)/_berth/tags/one/history"
      for (target, status, code) in [
        ("/v2/\(repo.name)/_berth/tags/two/history", 404, "MANIFEST_UNKNOWN"),
        ("/v2/\(repo.name)-none/_berth/tags/one/history", 404, "MANIFEST_UNKNOWN"),
        ("/v2/\(repo.name)/_berth/tags/-x/history", 404, "MANIFEST_UNKNOWN"),
        ("/v2/_berth/tags/one/history", 400, "NAME_INVALID"),
        (path + "?n=-1", 400, "PAGINATION_NUMBER_INVALID"), (path + "?last=x", 400, "DIGEST_INVALID"),
        (path + "?last=\(Repo.digest([1]))", 400, "DIGEST_INVALID"),
        ("/v2/\(repo.name)/_berth/tags/one/past", 404, "NAME_UNKNOWN"),
      ] {
        let answer = try await site.client.send(.get, target)
        #expect(answer.status == status, "\(target)")
        #expect(answer.codes == [code], "\(target)")
      }
      let posted = try await site.client.send(.delete, path)
      #expect(posted.status == 405)
      #expect(posted["Allow"] == "GET, HEAD, OPTIONS")
    }
  }
}
