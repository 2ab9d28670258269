import Core
import Drivers
import HTTPTypes
import Synchronization
import TestSupport
import Testing

/// What requests cost in calls to the storage, held so that it does not grow unseen.
@Suite(.ownThread) struct StorageCostTests {
  private let clock = StagedDriver.Clock()
  private let driver: CountingDriver
  private let repo: Repo

  init() {
    driver = CountingDriver(StagedDriver(InMemoryDriver(), clock))
    repo = Repo(Deployment.Site(over: driver))
  }

  @Test func `a manifest is two small files, and the tag's link`() async throws {
    let digest = try await repo.push("latest").description
    _ = driver.takeCounts()
    #expect(try await repo.get("latest").status == 200)
    #expect(driver.takeCounts() == ["content": 3])
    #expect(try await repo.get(digest).status == 200)
    #expect(driver.takeCounts() == ["content": 2])
    #expect(try await repo.get("latest", [.ifNoneMatch: digest]).status == 304)
    #expect(driver.takeCounts() == ["content": 2])
    #expect(try await repo.get(digest, [.ifNoneMatch: digest]).status == 304)
    #expect(driver.takeCounts() == ["content": 1])
  }

  @Test func `a client that is told by HEAD that a manifest is there may skip the push, so it is claimed`() async throws
  {
    let digest = try await repo.push("latest").description
    for (reference, links) in [("latest", 2), (digest, 1)] {
      for condition in [[.ifNoneMatch: digest], [:]] as [HTTPFields] {
        clock.passDay()
        _ = driver.takeCounts()
        let answer = try await repo.head(reference, condition)
        #expect(answer.status == (condition.isEmpty ? 200 : 304))
        // Links, and the content where its type is told.
        #expect(driver.takeCounts() == ["content": links + (condition.isEmpty ? 1 : 0), "stat": 1, "touch": 1])
      }
    }
    #expect(try await repo.head("latest", [.ifNoneMatch: digest, .ifMatch: "\"other\""]).status == 412)
  }

  @Test func `of a large manifest, HEAD reads the beginning`() async throws {
    let image = try await repo.image()
    let padding = #","annotations":{"x":"\#(String(repeating: "x", count: 100 << 10))"}"#
    let type = #""mediaType":"\#(MediaType.ociManifest.rawValue)","#
    let open = String(image.dropLast())
    let first = open + padding + "}"
    // The type, or what it is told by, may come late.
    let last = open.replacing(type, with: "") + padding + "," + String(type.dropLast()) + "}"
    let none = open.replacing(type, with: "") + padding + "}"
    for (index, text) in [first, last, none].enumerated() {
      #expect(try await repo.put(text, at: "large").status == 201)
      clock.passDay()
      _ = driver.takeCounts()
      let answer = try await repo.head("large")
      #expect(driver.takeCounts() == ["content": index == 0 ? 2 : 3, "stat": 1, "touch": 1, "reader": 1])
      #expect(answer.status == 200)
      #expect(answer["Content-Type"] == MediaType.ociManifest.rawValue)
      #expect(answer["Content-Length"] == String(text.utf8.count))
      #expect(answer["Docker-Content-Digest"] == Repo.digest(Array(text.utf8)).description)
    }
  }

  @Test func `of a large manifest on an object store, HEAD reads all, once`() async throws {
    let reads = Mutex<[HookedDriver.Call]>([])
    let driver = HookedDriver(ObjectStoreDriver(), concurrency: 4) { call in
      if ["content", "reader"].contains(call.name), call.path.lastComponent == "data" {
        reads.withLock { $0.append(call) }
      }
    }
    var options = DeploymentOptions()
    options.cache = .inMemory
    let repo = Repo(Deployment.Site(over: driver, options))
    let image = try await repo.image()
    let text = image.dropLast() + #","annotations":{"x":"\#(String(repeating: "x", count: 100 << 10))"}}"#
    #expect(try await repo.put(String(text), at: "large").status == 201)
    reads.withLock { $0 = [] }
    for _ in 0..<3 {
      let answer = try await repo.head("large")
      #expect(answer.status == 200 && answer["Content-Length"] == String(text.utf8.count))
    }
    #expect(reads.withLock { $0.map(\.name) } == ["content"])
  }

  @Test func `a push writes four files, and nothing again that is right already`() async throws {
    let image = try await repo.image()
    _ = driver.takeCounts()
    try await repo.put(image, at: "latest")
    #expect(driver.takeCounts()["put"] == 4)
    try await repo.put(image, at: "latest")
    #expect(driver.takeCounts()["put"] == nil)
    try await repo.put(image, at: "other")
    #expect(driver.takeCounts()["put"] == 2)
  }

  @Test func `an upload reads and writes each byte once`() async throws {
    let blobs = Blobs(repo.site)
    let content = TestContent.bytes(100_000)
    let digest = TestContent.digest(content)
    _ = driver.takeCounts()
    let begun = try await blobs.begin()
    #expect(driver.takeCounts() == ["put": 1])
    let first = try await blobs.patch(blobs.location(begun), Array(content[..<50_000]))
    #expect(driver.takeCounts() == ["content": 2, "writer": 1, "list": 1, "stat": 1, "put": 1])
    let second = try await blobs.patch(blobs.location(first), Array(content[50_000...]))
    #expect(driver.takeCounts() == ["content": 2, "writer": 1, "list": 2, "put": 1])
    #expect(try await blobs.put(blobs.location(second), digest.description).status == 201)
    // What is missing, content and link, may have been moved aside by garbage collection.
    #expect(driver.takeCounts() == ["content": 3, "writer": 1, "stat": 1, "list": 2, "put": 1, "delete": 1])
    // Who says that it is there claims it.
    clock.passDay()
    #expect(try await blobs.head(digest).status == 200)
    #expect(driver.takeCounts() == ["content": 1, "stat": 1, "touch": 1])
    #expect(try await blobs.get(digest, [.ifNoneMatch: digest.description]).status == 304)
    #expect(driver.takeCounts() == ["content": 1, "stat": 1])
    clock.passDay()
    #expect(try await Blobs(repo.site).begin("?mount=\(digest)&from=\(blobs.name)").status == 201)
    #expect(driver.takeCounts() == ["content": 2, "stat": 1, "touch": 1, "list": 1, "put": 1])
  }

  @Test func `a tag list is one look at the directory once it is known`() async throws {
    for tag in 0..<50 { try await repo.push("tag\(tag)") }
    _ = driver.takeCounts()
    let first = try await repo.tags()
    #expect(driver.takeCounts() == ["changeToken": 1, "list": 1, "content": 50])
    for query in ["", "?n=10", "?n=10&last=tag3"] {
      let answer = try await repo.tags(query)
      #expect(answer.status == 200)
      #expect(query != "" || answer.text == first.text)
      #expect(driver.takeCounts() == ["changeToken": 1])
    }
    try await repo.push("tag99")
    #expect(try await repo.tags().text.contains("tag99"))
    _ = try await repo.delete("tag99")
    #expect(try await !repo.tags().text.contains("tag99"))
  }

  @Test func `a page of the catalog looks at its own names alone`() async throws {
    let digest = Repo.digest([1])
    for index in 0..<200 {
      let name = try #require(RepositoryName("team\(index % 10)/app\(1000 + index)"))
      try await driver.put([], at: StorageLayout.layerLink(name, digest), durability: .process)
    }
    _ = driver.takeCounts()
    let target = "/v2/_catalog?n=10&last=team4/app1004"
    let first = try await repo.site.client.send(.get, target)
    let cold = driver.takeCounts()
    #expect(cold["list", default: 0] <= 14)
    let second = try await repo.site.client.send(.get, target)
    #expect(second.body == first.body)
    let warm = driver.takeCounts()
    #expect(warm["list"] == nil)
    #expect(warm["changeToken", default: 0] <= 14)
  }

  @Test func `that repositories have manifests costs the catalog nothing more`() async throws {
    let digest = Repo.digest([1])
    for index in 0..<40 {
      let name = try #require(RepositoryName("team\(index % 4)/app\(1000 + index)"))
      try await driver.put([1], at: StorageLayout.revisionLink(name, digest), durability: .process)
      for tag in ["a", "b", "c"] where index % 2 == 0 {
        try await driver.put(
          [1], at: StorageLayout.tagCurrentLink(name, try #require(Tag(tag))), durability: .process)
      }
    }
    let target = "/v2/_catalog?n=10&last=team1/app1020"
    let first = try await repo.site.client.send(.get, target)
    _ = driver.takeCounts()
    let second = try await repo.site.client.send(.get, target)
    #expect(second.body == first.body)
    let counts = driver.takeCounts()
    #expect(counts["list"] == nil)
    #expect(counts["changeToken", default: 0] <= 15)
    #expect(counts["stat"] == nil)
    // Of one that was pushed to or deleted from, the link that was there before is looked at.
    let name = try #require(RepositoryName("team1/app1021"))
    try await driver.touch(StorageLayout.repository(name))
    _ = driver.takeCounts()
    let third = try await repo.site.client.send(.get, target)
    #expect(third.body == first.body)
    let changed = driver.takeCounts()
    #expect(changed["list"] == 1)
    #expect(changed["stat"] == 1)
  }

  @Test func `a deletion reads each of the repository's tags once`() async throws {
    var counts: [[String: Int]] = []
    for others in [10, 60] {
      let repo = Repo(repo.site)
      for tag in 0..<others { try await repo.push("tag-\(tag)", seed: "b") }
      let digest = try await repo.push("gone")
      _ = driver.takeCounts()
      #expect(try await repo.delete("\(digest)").status == 202)
      counts.append(driver.takeCounts())
    }
    #expect(counts[1].merging(counts[0]) { $0 - $1 }.filter { $0.value != 0 } == ["content": 50])
  }

  @Test(arguments: [99, 1200])
  func `what is remembered of a manifest's layers is looked for as cheaply as can be`(others: Int) async throws {
    for isLocal in [true, false] {
      let driver = CountingDriver(isLocal ? InMemoryDriver() : ObjectStoreDriver())
      var options = DeploymentOptions()
      options.cache = .inMemory
      let repo = Repo(Deployment.Site(over: driver, options))
      let name = try #require(RepositoryName(repo.name))
      for index in 0..<others {
        let digest = Repo.digest(Array("other \(index)".utf8))
        try await driver.put(
          Array(digest.description.utf8), at: StorageLayout.layerLink(name, digest), durability: .process)
      }
      let config = try await repo.blob("config", mediaType: "application/vnd.oci.image.config.v1+json")
      var layers: [String] = []
      for index in 0..<100 { layers.append(try await repo.blob("layer \(index)")) }
      func image(_ count: Int) -> String {
        """
        {"schemaVersion":2,"mediaType":"\(MediaType.ociManifest.rawValue)","config":\(config),\
        "layers":[\(layers.prefix(count).joined(separator: ","))]}
        """
      }
      // From here on, all of them are remembered.
      #expect(try await repo.put(image(100), at: "first").status == 201)
      #expect(try await repo.put(image(1), at: "small").status == 201)
      var counts: [[String: Int]] = []
      for (count, tag) in [(1, "small"), (100, "first")] {
        _ = driver.takeCounts()
        #expect(try await repo.put(image(count), at: tag).status == 201)
        counts.append(driver.takeCounts())
      }
      // What else a request needs, such as the permit of the cache, comes when its time is over.
      let more = counts[1].merging(counts[0]) { $0 - $1 }.filter {
        ["stat", "list"].contains($0.key) && $0.value != 0
      }
      if isLocal {
        // A stat of the link and one of the content for each layer, before anything is written and at the end.
        #expect(more["stat"] == 4 * 99 && more["list"] == nil, "\(more)")
      } else if others < 1000 {
        // One list for all layers, in place of two looks at the only one and the configuration each.
        #expect(more["list"] == 1 && more["stat"] == -4, "\(more)")
      } else {
        // What the first thousand names don't show is looked for side by side.
        #expect(more["list"] == 1)
        #expect((0..<60).contains(more["stat", default: 0]), "\(more)")
      }
    }
  }
}
