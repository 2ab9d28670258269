import Core
import Foundation
import HTTPTypes
import Synchronization
import TestSupport
import Testing

/// Where the storage is another machine, what takes many calls has several of them under way at once.
@Suite(.ownThread) struct RemoteStorageTests {
  /// Calls wait for each other here, once it is opened: as long as too few have come, and for a while.
  private final class MeetingPoint: Sendable {
    private struct State {
      var awaited: (@Sendable (HookedDriver.Call) -> Bool)?
      var present = 0
      var most = 0
    }

    private let state = Mutex(State())
    /// As many as must meet.
    static let company = 4

    func open(for awaited: @escaping @Sendable (HookedDriver.Call) -> Bool) {
      state.withLock { $0 = State(awaited: awaited) }
    }

    /// - Returns: how many have met at the most.
    func close() -> Int {
      state.withLock { state in
        state.awaited = nil
        return state.most
      }
    }

    func pass(_ call: HookedDriver.Call) async {
      let isAwaited = state.withLock { state in
        guard state.awaited?(call) == true else { return false }
        state.present += 1
        state.most = max(state.most, state.present)
        return true
      }
      guard isAwaited else { return }
      // One that waits in vain shows what is wrong: the others need not. On a busy machine a pause takes long, for the
      // others too, so that pauses are counted.
      let deadline = ContinuousClock.now + .seconds(20)
      var pauses = 0
      while state.withLock({ $0.awaited != nil && $0.most < Self.company }) {
        if ContinuousClock.now > deadline, pauses > 100 { return state.withLock { $0.awaited = nil } }
        try? await Task.sleep(for: .milliseconds(1))
        pauses += 1
      }
      state.withLock { $0.present -= 1 }
    }
  }

  private let meeting = MeetingPoint()
  private let clock = StagedDriver.Clock()
  private let repo: Repo

  init() {
    let driver = HookedDriver(StagedDriver(ObjectStoreDriver(resolution: 1), clock), concurrency: 8) { [meeting] call in
      await meeting.pass(call)
    }
    repo = Repo(Deployment.Site(over: driver), "far/away")
  }

  /// Expects calls to `name` with paths that contain `part` to be made side by side.
  private func expectCompany<Answer>(
    _ name: String, _ part: String, _ body: () async throws -> Answer
  ) async throws -> Answer {
    try await expectCompany({ $0.name == name && $0.path.string.contains(part) }, body)
  }

  private func expectCompany<Answer>(
    _ isAwaited: @escaping @Sendable (HookedDriver.Call) -> Bool, _ body: () async throws -> Answer
  ) async throws -> Answer {
    meeting.open(for: isAwaited)
    let answer = try await body()
    #expect(meeting.close() >= MeetingPoint.company)
    return answer
  }

  @Test func `the layers of a manifest, and the children of an index`() async throws {
    var layers: [String] = []
    var children: [String] = []
    for index in 0..<8 {
      layers.append(try await repo.blob("layer \(index)"))
      let child = Array(try await repo.image("child \(index)").utf8)
      try await repo.put(String(decoding: child, as: UTF8.self), at: "child-\(index)")
      children.append(Repo.descriptor(child, Repo.digest(child), MediaType.ociManifest.rawValue))
    }
    let config = try await repo.blob("config", mediaType: "application/vnd.oci.image.config.v1+json")
    let type = MediaType.ociManifest.rawValue
    let image = """
      {"schemaVersion":2,"mediaType":"\(type)","config":\(config),"layers":[\(layers.joined(separator: ","))]}
      """
    let pushed = try await expectCompany("content", "/_layers/") { try await repo.put(image, at: "image") }
    #expect(pushed.status == 201)
    let index = """
      {"schemaVersion":2,"mediaType":"\(MediaType.ociIndex.rawValue)","manifests":[\(children.joined(separator: ","))]}
      """
    let indexed = try await expectCompany("content", "/_manifests/revisions/") {
      try await repo.put(index, at: "index")
    }
    #expect(indexed.status == 201)
  }

  @Test func `the tags that a push names`() async throws {
    let image = try await repo.image()
    let digest = Repo.digest(Array(image.utf8))
    let query = (0..<8).map { "tag=tag-\($0)" }.joined(separator: "&")
    let pushed = try await expectCompany("put", "/current/link") {
      try await repo.put(image, at: "\(digest)?\(query)")
    }
    #expect(pushed.status == 201)
    for index in 0..<8 { #expect(try await repo.get("tag-\(index)").text == image) }
  }

  @Test func `the tags of a repository, and what one pointed to`() async throws {
    for index in 0..<8 {
      try await repo.push("tag-\(index)")
      try await repo.push("other", seed: "\(index)")
    }
    let tags = try await expectCompany("content", "/current/link") { try await repo.tags() }
    #expect(tags.status == 200 && tags.text.contains(#""tag-7""#))
    let history = try await expectCompany("stat", "/index/sha256/") {
      try await repo.site.client.send(.get, "/v2/\(repo.name)/_berth/tags/other/history")
    }
    #expect(history.status == 200 && history.text.components(separatedBy: #""digest""#).count == 9)
    // Which of them the repository has.
    _ = try await expectCompany("content", "/_manifests/revisions/") {
      try await repo.site.client.send(.get, "/v2/\(repo.name)/_berth/tags/other/history")
    }
  }

  @Test func `the tags of a repository that a manifest is deleted from, and those that point to it`() async throws {
    let image = try await repo.image("gone")
    for index in 0..<8 {
      try await repo.push("stays-\(index)", seed: "\(index)")
      #expect(try await repo.put(image, at: "gone-\(index)").status == 201)
    }
    let digest = Repo.digest(Array(image.utf8))
    let deleted = try await expectCompany("content", "/current/link") { try await repo.delete("\(digest)") }
    #expect(deleted.status == 202)
    let tags = try await repo.tags().text
    #expect(!tags.contains("gone") && tags.contains("stays-7"))
    for index in 0..<8 { #expect(try await repo.put(image, at: "gone-\(index)").status == 201) }
    _ = try await expectCompany("delete", "/tags/gone-") { try await repo.delete("\(digest)") }
  }

  @Test(arguments: [("stat", "/_manifests/revisions/"), ("delete", "/_manifests/revisions/")])
  func `untagged manifests that are looked at, and removed`(call: String, part: String) async throws {
    for index in 0..<8 { try await repo.push("tag", seed: "\(index)") }
    let driver = repo.site.driver
    var options = GarbageCollector.Options()
    options.deletesUntagged = true
    options.grace = .zero
    clock.passDay()
    let name = try #require(RepositoryName(repo.name))
    let collector = GarbageCollector(driver, options)
    let report = try await expectCompany(call, part) { try await collector.removeUntagged(from: name) }
    #expect(report.manifests.removed == 7 && report.problemCount == 0, "\(report)")
  }

  @Test func `the uploads of a repository that is deleted`() async throws {
    try await repo.push("image")
    for _ in 0..<8 { _ = try await repo.site.client.send(.post, "/v2/\(repo.name)/blobs/uploads/") }
    let repository = try repo.repository
    let outcome = try await expectCompany("writer", "/_uploads/") {
      try await RepositoryRemoval(of: repository).run()
    }
    #expect(outcome?.uploads == 8)
  }

  @Test(arguments: [100, 5])
  func `the repositories of the catalog`(page: Int) async throws {
    var names: [String] = []
    for _ in 0..<8 {
      let other = Repo(repo.site, "side/app")
      try await other.push("latest")
      names.append(other.name)
    }
    names.sort()
    let catalog = try await expectCompany("list", "/repositories/side/") {
      try await repo.site.client.send(.get, "/v2/_catalog?n=\(page)")
    }
    let listed = names.prefix(page).map { "\"\($0)\"" }.joined(separator: ",")
    #expect(catalog.text.contains("[\(listed)]"), "\(catalog.text)")
  }

  @Test func `what refers to a manifest`() async throws {
    let subject = try await repo.push("subject")
    let more = #","subject":{"mediaType":"\#(MediaType.ociManifest.rawValue)","digest":"\#(subject)","size":5}"#
    for index in 0..<8 { try await repo.push("referrer-\(index)", seed: "\(index)", more: more) }
    let referrers = try await expectCompany("content", "/_manifests/revisions/") {
      try await repo.site.client.send(.get, "/v2/\(repo.name)/referrers/\(subject)")
    }
    #expect(referrers.text.components(separatedBy: #""digest""#).count == 9, "\(referrers.text)")
  }

  @Test(arguments: ["/current/link", "/_manifests/revisions/", "/blobs/sha256/"])
  func `what a garbage collection reads`(part: String) async throws {
    for index in 0..<8 { try await repo.push("tag-\(index)", seed: "\(index)") }
    let driver = repo.site.driver
    let report = try await expectCompany("content", part) {
      try await GarbageCollector(driver, GarbageCollector.Options()).run()
    }
    #expect(report.manifests.kept == 8 && report.blobs.kept == 24 && report.problemCount == 0)
  }

  @Test(arguments: [
    ("reader", "/blobs/sha256/"), ("content", "/_layers/"), ("content", "/_manifests/revisions/"),
    ("content", "/current/link"), ("content", "/_referrers/"), ("stat", "/_uploads/"),
  ])
  func `what a verification reads`(call: String, part: String) async throws {
    let subject = try await repo.push("subject", seed: "s")
    let more = #","subject":{"mediaType":"\#(MediaType.ociManifest.rawValue)","digest":"\#(subject)","size":5}"#
    for index in 0..<8 {
      try await repo.push("tag-\(index)", seed: "\(index)", more: more)
      _ = try await repo.site.client.send(.post, "/v2/\(repo.name)/blobs/uploads/")
    }
    let driver = repo.site.driver
    let log = VerificationLog()
    let tally = try await expectCompany(call, part) {
      try await Verifier(driver: driver, options: Verifier.Options()).run { log.note($0) }
    }
    #expect(log.findings == [] && tally?.manifests == 9 && tally?.contents == 27)
  }

  @Test func `what one manifest refers to, when it is verified`() async throws {
    var layers: [String] = []
    for index in 0..<8 { layers.append(try await repo.blob("layer \(index)")) }
    let config = try await repo.blob("config", mediaType: "application/vnd.oci.image.config.v1+json")
    let type = MediaType.ociManifest.rawValue
    let image = """
      {"schemaVersion":2,"mediaType":"\(type)","config":\(config),"layers":[\(layers.joined(separator: ","))]}
      """
    #expect(try await repo.put(image, at: "image").status == 201)
    let driver = repo.site.driver
    // The links among the layers were verified before that.
    let hasBegun = Atomic(false)
    let tally = try await expectCompany { call in
      if call.path.string.contains("/_manifests/revisions") { hasBegun.store(true, ordering: .relaxed) }
      return call.name == "content" && call.path.string.contains("/_layers/") && hasBegun.load(ordering: .relaxed)
    } _: {
      try await Verifier(driver: driver, options: Verifier.Options()).run { _ in }
    }
    #expect(tally?.manifests == 1 && tally?.left == 0)
  }

  @Test func `repositories that are counted before they are verified`() async throws {
    for _ in 0..<8 { try await Repo(repo.site, "side/app").push("latest") }
    let driver = repo.site.driver
    let tally = try await expectCompany {
      $0.name == "list" && $0.path.string.hasSuffix("/repositories/side/\($0.path.lastComponent)")
    } _: {
      try await Verifier(driver: driver, options: Verifier.Options()).run { _ in }
    }
    #expect(tally?.repositories == 8)
  }

  @Test func `lists of referrers of which a collection removes what is stale`() async throws {
    let name = try #require(RepositoryName(repo.name))
    let driver = repo.site.driver
    for index in 0..<8 {
      let subject = try await repo.push("subject-\(index)", seed: "s\(index)")
      let more = #","subject":{"mediaType":"\#(MediaType.ociManifest.rawValue)","digest":"\#(subject)","size":5}"#
      let referrer = try await repo.push("referrer", seed: "r\(index)", more: more)
      // As a deletion that died leaves it, of some.
      guard index % 2 == 0 else { continue }
      try await driver.delete(StorageLayout.revisionLink(name, referrer), durability: .process)
    }
    clock.passDay()
    var options = GarbageCollector.Options()
    options.grace = .zero
    let collector = GarbageCollector(driver, options)
    let report = try await expectCompany("list", "/_referrers/sha256/") { try await collector.run() }
    #expect(report.problemCount == 0, "\(report)")
    #expect(try await driver.list(StorageLayout.referrers(name).appending("sha256") ?? .root).count == 4)
  }

  @Test(arguments: [true, false])
  func `uploads that are purged, or listed, of one repository or of many`(isOne: Bool) async throws {
    for index in 0..<8 {
      let name = isOne ? repo.name : "\(repo.name)-\(index)"
      _ = try await repo.site.client.send(.post, "/v2/\(name)/blobs/uploads/")
    }
    let driver = repo.site.driver
    let listed = Atomic(0)
    try await expectCompany("stat", "/_uploads/") {
      try await Registry(driver: driver).forEachUpload { _ in
        listed.add(1, ordering: .relaxed)
      } failed: { _, error in
        Issue.record("\(error)")
      }
    }
    #expect(listed.load(ordering: .relaxed) == 8)
    let purge = UploadPurge(driver: driver, age: .seconds(3600), dryRun: false)
    let outcome = try await expectCompany("content", "/_uploads/") {
      try await purge.run(now: WallClock.now + 86_400_000_000_000) { _ in }
    }
    #expect(outcome == UploadPurge.Outcome(seen: 8, purged: 8))
  }
}
