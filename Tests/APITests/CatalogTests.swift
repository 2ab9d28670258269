import Core
import HTTPTypes
import TestSupport
import Testing

@Suite(.ownThread) struct CatalogTests {
  private static let names = [
    "a", "a/b", "a/b/c", "a-b", "a-b/x", "a.b", "a0", "b/only/deep", "b/only/deep-er", "c", "zz/y",
  ]

  private func page(_ site: Deployment.Site, _ target: String) async throws -> (names: [String], next: String?) {
    let answer = try await site.client.send(.get, target)
    #expect(answer.status == 200, "\(answer.text)")
    let inside = try #require(answer.text.split(separator: "[").last).prefix { $0 != "]" }
    let next = answer["Link"]?.split(separator: ">; rel=\"next\"").first.map { String($0.dropFirst()) }
    return (inside.split(separator: ",").map { String($0.dropFirst().dropLast()) }, next)
  }

  private func fill(_ site: Deployment.Site) async throws {
    let digest = Repo.digest([1])
    for (index, name) in Self.names.enumerated() {
      let name = try #require(RepositoryName(name))
      let path = index % 2 == 0 ? StorageLayout.layerLink(name, digest) : StorageLayout.revisionLink(name, digest)
      try await site.driver.put(Array(digest.description.utf8), at: path, durability: .process)
    }
    for stray in ["lost+found", "Upper/_layers/x", ".hidden/_layers/x", "d/_uploads/x", "e/f/_other/x", "file"] {
      guard let path = StoragePath(StorageLayout.repositories.string + "/" + stray) else { continue }
      try await site.driver.put([1], at: path, durability: .process)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `names come in byte order and none is lost`(deployment: Deployment) async throws {
    var options = DeploymentOptions()
    options.catalogMaxEntries = 50
    try await deployment.withSite(options) { site in
      #expect(try await page(site, "/v2/_catalog").names == [])
      try await fill(site)
      let sorted = Self.names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      for _ in 0..<2 { #expect(try await page(site, "/v2/_catalog").names == sorted) }
      #expect(try await page(site, "/v2/_catalog?n=0").names == [])
      #expect(try await page(site, "/v2/_catalog?n=11").next == nil)
      #expect(try await page(site, "/v2/_catalog?n=99999999999999999999").names == sorted)
      for size in 1...12 {
        var collected: [String] = []
        var target: String? = "/v2/_catalog?n=\(size)"
        while let here = target {
          let answer = try await page(site, here)
          #expect((1...size).contains(answer.names.count))
          collected += answer.names
          target = answer.next
        }
        #expect(collected == sorted)
      }
      for last in sorted + ["", "A", "a-", "a/", "a/b/", "b", "b/only", "b/z", "c/", "zzz", "%"] {
        let answer = try await page(site, "/v2/_catalog?last=\(last.replacing("%", with: "%25"))")
        #expect(answer.names == sorted.filter { last.utf8.lexicographicallyPrecedes($0.utf8) }, "\(last)")
      }
    }
  }

  @Test(arguments: Deployment.allCases)
  func `a new repository shows at once`(deployment: Deployment) async throws {
    var options = DeploymentOptions()
    options.catalogMaxEntries = 60
    try await deployment.withSite(options) { site in
      var names: [String] = []
      for index in 0..<20 {
        let name = "team\(index % 2)/app\(index + 10)"
        names.append(name)
        let digest = Repo.digest([1])
        try await site.driver.put(
          Array(digest.description.utf8), at: StorageLayout.layerLink(try #require(RepositoryName(name)), digest),
          durability: .process)
        #expect(try await page(site, "/v2/_catalog").names == names.sorted())
      }
    }
  }

  @Test(arguments: Deployment.withDirectories)
  func `a repository without manifests is listed only where there never was one`(deployment: Deployment) async throws {
    var options = DeploymentOptions()
    options.catalogMaxEntries = 70
    try await deployment.withSite(options) { site in
      let blobs = Repo(site, "only/blobs")
      _ = try await blobs.blob("x")
      let repo = Repo(site, "once/more")
      let digest = try await repo.push("one").description
      let untagged = Repo(site, "untagged")
      let kept = try await untagged.push("one").description
      for _ in 0..<2 {
        #expect(try await page(site, "/v2/_catalog").names == [repo.name, blobs.name, untagged.name])
      }
      #expect(try await repo.delete(digest).status == 202)
      #expect(try await untagged.delete("one").status == 202)
      for _ in 0..<2 { #expect(try await page(site, "/v2/_catalog").names == [blobs.name, untagged.name]) }
      #expect(try await repo.tags().text == #"{"name":"\#(repo.name)","tags":[]}"#)
      try await repo.push("two")
      #expect(try await untagged.delete(kept).status == 202)
      for _ in 0..<2 { #expect(try await page(site, "/v2/_catalog").names == [repo.name, blobs.name]) }
    }
  }

  @Test(arguments: Deployment.withDirectories)
  func `directories that docker-registry leaves of what it deletes are no manifests`(
    deployment: Deployment
  ) async throws {
    var options = DeploymentOptions()
    options.catalogMaxEntries = 80
    try await deployment.withSite(options) { site in
      let repo = Repo(site, "left/behind")
      let digest = try await repo.push("one")
      let name = try #require(RepositoryName(repo.name))
      #expect(try await page(site, "/v2/_catalog").names == [repo.name])
      try await site.driver.delete(StorageLayout.revisionLink(name, digest), durability: .process)
      try await site.driver.delete(StorageLayout.tag(name, try #require(Tag("one"))), durability: .process)
      #expect(try await page(site, "/v2/_catalog").names == [])
      try await repo.push("one")
      #expect(try await page(site, "/v2/_catalog").names == [repo.name])
    }
  }
}
