import Core
import Drivers
import HTTPTypes
import Synchronization
import TestSupport
import Testing

/// Deletions and pushes of the same things, one in the middle of the other: before each of its calls to the storage.
@Suite(.ownThread) struct DeletionRaceTests {
  /// Something that a client does, and what it is answered.
  private typealias Operation = @Sendable (Repo) async throws -> TestResponse

  /// Which of two operations is interrupted by the other.
  enum Interrupted: CaseIterable {
    case push, deletion
  }

  /// Runs `first` with all of `second` before its call number `call`.
  /// - Returns: the two answers; nil where `first` makes fewer calls.
  private func run(
    _ storage: CollectionSite.Storage, _ first: Operation, interruptedBy second: @escaping Operation, at call: Int,
    _ body: (Repo, TestResponse, TestResponse) async throws -> Void, prepare: (Repo) async throws -> Void
  ) async throws -> Bool {
    let interruption = Interruption()
    let driver = HookedDriver(storage.driver()) { _ in await interruption.pass() }
    var options = DeploymentOptions()
    options.deleteRepositories = true
    // Two workers: they share nothing but the storage.
    let one = InProcessClient(RequestPipeline.handler(options.context(over: driver)))
    let other = InProcessClient(RequestPipeline.handler(options.context(over: driver)))
    let repo = Repo(Deployment.Site(client: one, driver: driver, rootDirectory: nil))
    let same = Repo(Deployment.Site(client: other, driver: driver, rootDirectory: nil), sameAs: repo)
    try await prepare(repo)
    let answer = Mutex<Result<TestResponse, any Error>?>(nil)
    interruption.arm(before: call) {
      let result: Result<TestResponse, any Error>
      do { result = .success(try await second(same)) } catch { result = .failure(error) }
      answer.withLock { $0 = result }
    }
    let firstAnswer = try await first(repo)
    if interruption.disarm() { return false }
    try await body(repo, firstAnswer, try #require(answer.withLock { $0 }).get())
    return true
  }

  /// The text of an image, which is the same wherever it is pushed.
  private static func image(_ seed: String, more: String = "") async throws -> String {
    let driver = InMemoryDriver()
    let client = InProcessClient(RequestPipeline.handler(DeploymentOptions().context(over: driver)))
    return try await Repo(Deployment.Site(client: client, driver: driver, rootDirectory: nil)).image(seed, more: more)
  }

  /// No tag points to a manifest that is gone.
  private func expectNothingDangles(_ repo: Repo, _ comment: Comment) async throws {
    for tag in ["one", "two"] {
      guard let name = RepositoryName(repo.name), let tag = Tag(tag) else { continue }
      let link = try? await repo.site.driver.content(at: StorageLayout.tagCurrentLink(name, tag), limit: 200)
      guard let link else { continue }
      #expect(try await repo.get(String(decoding: link, as: UTF8.self)).status == 200, "\(tag) \(comment)")
    }
  }

  @Test(arguments: Interrupted.allCases, CollectionSite.Storage.allCases)
  func `a manifest that is put again while it is deleted is there with its tag, or gone with it`(
    interrupted: Interrupted, storage: CollectionSite.Storage
  ) async throws {
    let subject = Repo.digest([1])
    let more =
      #","subject":{"mediaType":"\#(MediaType.ociManifest.rawValue)","digest":"\#(subject)","size":5}"#
    let image = try await Self.image("a", more: more)
    let digest = Repo.digest(Array(image.utf8)).description
    let push: Operation = { try await $0.put(image, at: "one") }
    let deletion: Operation = { try await $0.delete(digest) }
    let (first, second) = interrupted == .push ? (push, deletion) : (deletion, push)
    var calls = 0
    var busy = 0
    while try await run(
      storage, first, interruptedBy: second, at: calls,
      { repo, firstAnswer, secondAnswer in
        let (pushed, deleted) = interrupted == .push ? (firstAnswer, secondAnswer) : (secondAnswer, firstAnswer)
        #expect(deleted.status == 202, "\(calls): \(deleted.text)")
        // Within the few steps of another process that holds a lock, and never goes on, nobody can get by.
        if interrupted == .deletion, pushed.status == 503 { busy += 1 } else { #expect(pushed.status == 201) }
        let isThere = try await repo.get(digest).status == 200
        if pushed.status == 201 {
          #expect(try await repo.get("one").status == (isThere ? 200 : 404), "\(calls)")
          #expect(try await repo.tags().text.contains("one") == isThere, "\(calls)")
        }
        let referrers = try await repo.site.client.send(.get, "/v2/\(repo.name)/referrers/\(subject)")
        #expect(referrers.text.contains(digest) == isThere, "\(calls)")
        try await expectNothingDangles(repo, "\(calls)")
      }, prepare: { repo in try await repo.push("one", more: more) })
    { calls += 1 }
    #expect(calls > 10)
    // While the tag's lock is held.
    #expect(busy <= calls / 2, "\(busy) of \(calls)")
  }

  @Test(arguments: Interrupted.allCases, CollectionSite.Storage.allCases)
  func `a tag that is moved elsewhere while what it pointed to is deleted stays`(
    interrupted: Interrupted, storage: CollectionSite.Storage
  ) async throws {
    let (old, new) = (try await Self.image("a"), try await Self.image("b"))
    let push: Operation = { try await $0.put(new, at: "one") }
    let deletion: Operation = { try await $0.delete(Repo.digest(Array(old.utf8)).description) }
    let (first, second) = interrupted == .push ? (push, deletion) : (deletion, push)
    var calls = 0
    var busy = 0
    while try await run(
      storage, first, interruptedBy: second, at: calls,
      { repo, firstAnswer, secondAnswer in
        let (pushed, deleted) = interrupted == .push ? (firstAnswer, secondAnswer) : (secondAnswer, firstAnswer)
        #expect(deleted.status == 202, "\(calls): \(deleted.text)")
        if interrupted == .deletion, pushed.status == 503 {
          busy += 1
        } else {
          #expect(pushed.status == 201)
          #expect(try await repo.get("one").body == Array(new.utf8), "\(calls)")
        }
        #expect(try await repo.get("two").status == 404)
        try await expectNothingDangles(repo, "\(calls)")
      },
      prepare: { repo in
        try await repo.push("one")
        try await repo.push("two")
        _ = try await repo.image("b")
      })
    { calls += 1 }
    #expect(calls > 10)
    // While the tag's lock is held.
    #expect(busy <= calls / 2, "\(busy) of \(calls)")
  }

  /// - Parameter before: what the tag pointed to before the race: the manifest that is pushed, or another one.
  @Test(arguments: CollectionSite.Storage.allCases, ["a", "b"])
  func `a tag that is set while it is deleted has its history, or is gone with it`(
    storage: CollectionSite.Storage, before: String
  ) async throws {
    for interrupted in Interrupted.allCases { try await raceForTag(interrupted, storage, before: before) }
  }

  private func raceForTag(
    _ interrupted: Interrupted, _ storage: CollectionSite.Storage, before: String
  ) async throws {
    let image = try await Self.image("a")
    let digest = Repo.digest(Array(image.utf8))
    let push: Operation = { try await $0.put(image, at: "one") }
    let deletion: Operation = { try await $0.delete("one") }
    let (first, second) = interrupted == .push ? (push, deletion) : (deletion, push)
    var calls = 0
    var busy = 0
    while try await run(
      storage, first, interruptedBy: second, at: calls,
      { repo, firstAnswer, secondAnswer in
        let (pushed, deleted) = interrupted == .push ? (firstAnswer, secondAnswer) : (secondAnswer, firstAnswer)
        #expect(deleted.status == 202, "\(calls): \(deleted.text)")
        // Within the few steps of a deletion that holds the tag's lock, and never goes on, no push can get by.
        if interrupted == .deletion, pushed.status == 503 { busy += 1 } else { #expect(pushed.status == 201) }
        guard pushed.status == 201 else { return }
        let name = try #require(RepositoryName(repo.name))
        let tag = try #require(Tag("one"))
        let isThere = try await repo.get("one").status == 200
        let entry = try? await repo.site.driver.content(
          at: StorageLayout.tagIndexLink(name, tag, digest), limit: 200)
        #expect((entry.map { String(decoding: $0, as: UTF8.self) } == digest.description) == isThere, "\(calls)")
        #expect(try await repo.tags().text.contains("one") == isThere, "\(calls)")
        let other = try? await repo.site.driver.list(StorageLayout.tag(name, tag))
        #expect((other == nil) == !isThere, "\(calls): \(other ?? [])")
      },
      prepare: { repo in
        try await repo.push("one", seed: before)
        _ = try await repo.image("a")
      })
    { calls += 1 }
    #expect(calls > 5)
    // While the tag's lock is held.
    #expect(busy <= calls / 2, "\(busy) of \(calls)")
  }

  @Test func `what a deletion that died has left of its lock holds up nobody`() async throws {
    let driver = InMemoryDriver()
    let repo = Repo(Deployment.Site(over: driver))
    let digest = try await repo.push("one").description
    let name = try #require(RepositoryName(repo.name))
    let tag = try #require(Tag("one"))
    let lock = try #require(StorageLayout.tag(name, tag).appending("removal"))
    try await driver.put([], at: lock, durability: .process)
    try await repo.push("one", seed: "b")
    await #expect(throws: StorageError.self) { try await driver.stat(lock) }
    try await driver.put([], at: lock, durability: .process)
    let current = try await repo.get("one")["Docker-Content-Digest"] ?? ""
    #expect(try await repo.delete(current).status == 202)
    #expect(try await repo.get("one").status == 404)
    #expect(try await repo.get(digest).status == 200)
    #expect(try await repo.tags().text.contains("[]"))
  }

  @Test func `a deletion that broke off after the manifest was gone can be asked for again`() async throws {
    let driver = InMemoryDriver()
    let repo = Repo(Deployment.Site(over: driver))
    let digest = try await repo.push("one")
    let name = try #require(RepositoryName(repo.name))
    try await driver.delete(StorageLayout.revisionLink(name, digest), durability: .process)
    #expect(try await repo.delete(digest.description).status == 202)
    #expect(try await repo.tags().text.contains("[]"))
    #expect(try await repo.delete(digest.description).status == 404)
  }

  @Test func `garbage collection that has moved a manifest aside does not bring back what is deleted`() async throws {
    let driver = InMemoryDriver()
    let repo = Repo(Deployment.Site(over: driver))
    let digest = try await repo.push("one")
    let name = try #require(RepositoryName(repo.name))
    let link = StorageLayout.revisionLink(name, digest)
    try await driver.move(link, to: try #require(link.parent.appending("condemned.run")), durability: .process)
    #expect(try await repo.delete(digest.description).status == 202)
    #expect(try await repo.get(digest.description).status == 404)
  }

  @Test(arguments: Interrupted.allCases, [true, false])
  func `an image that is pushed while its repository is deleted is whole, or not accepted`(
    interrupted: Interrupted, withBlobs: Bool
  ) async throws {
    let image = try await Self.image("b")
    let storage = CollectionSite.Storage.memory
    let digests = ["config b", "layer b"].map { Repo.digest(Array($0.utf8)) }
    let push: Operation = { repo in
      if withBlobs { _ = try await repo.image("b") }
      return try await repo.put(image, at: "one")
    }
    let deletion: Operation = {
      try await $0.site.client.send(.delete, "/v2/\($0.name)/_berth/repository")
    }
    let (first, second) = interrupted == .push ? (push, deletion) : (deletion, push)
    var calls = 0
    var statuses = Set<Int>()
    while try await run(
      storage, first, interruptedBy: second, at: calls,
      { repo, firstAnswer, secondAnswer in
        let (pushed, deleted) = interrupted == .push ? (firstAnswer, secondAnswer) : (secondAnswer, firstAnswer)
        #expect(deleted.status == 202, "\(calls): \(deleted.text)")
        #expect([201, 400, 503].contains(pushed.status), "\(calls): \(pushed.text)")
        statuses.insert(pushed.status)
        let isThere = try await repo.get("one").text == image
        let digest = Repo.digest(Array(image.utf8)).description
        #expect(try await repo.get(digest).status == (isThere ? 200 : 404), "\(calls)")
        for blob in digests where isThere {
          #expect(try await repo.site.client.send(.get, "/v2/\(repo.name)/blobs/\(blob)").status == 200, "\(calls)")
        }
        try await expectNothingDangles(repo, "\(calls)")
        #expect(try await repo.get("two").status == 404)
      },
      prepare: { repo in
        try await repo.push("one")
        try await repo.push("two")
        if !withBlobs { _ = try await repo.image("b") }
      })
    { calls += 1 }
    #expect(calls > 10)
    // Where the repository is deleted within the one request, its blobs are gone by the end.
    #expect(statuses.contains(interrupted == .push && !withBlobs ? 400 : 201))
  }
}
