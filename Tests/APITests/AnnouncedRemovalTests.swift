import Drivers
import HTTPTypes
import Synchronization
import TestSupport
import Testing

@testable import Core

/// Over an object store, where garbage collection announces what it removes: pushes that it meets, at every step of
/// both.
@Suite(.ownThread) struct AnnouncedRemovalTests {
  /// Stops `action` at each of its calls, has `other` go on to each of its own, and then `action` to its end, or until it
  /// waits for `other`.
  /// - Parameter stride: how many of the other's calls lie between two at which it stops.
  private func atAllPairs<Answer: Sendable>(
    stride: Int = 1, _ prepare: (CollectionSite) async throws -> Void,
    _ action: (Repo) async throws -> Answer,
    besides other: @escaping @Sendable (CollectionSite, @escaping StagedDriver.Hook) async throws -> Void,
    judge: (CollectionSite, Answer, String) async throws -> Void
  ) async throws {
    var call = 1
    while true {
      var otherCall = 1 + call % stride
      while true {
        let site = CollectionSite(.objects)
        try await prepare(site)
        site.clock.passDay()
        let watch = Stopwatch()
        let race = Race(site, call, otherCall, other)
        let answer = try await action(race.repo)
        race.isDone.set()
        guard let other = race.other.withLock({ $0 }) else {
          #expect(call > 4)
          return
        }
        try await other.answer
        try await judge(site, answer, "call \(call), \(otherCall) of the other; \(watch)")
        guard race.isReached.isSet else { break }
        otherCall += stride
      }
      #expect(otherCall > 4)
      call += 1
    }
  }

  /// One of these.
  private final class Race: Sendable {
    let repo: Repo
    let other = Mutex<Meanwhile<Void>?>(nil)
    let isDone = Flag()
    let isReached = Flag()

    init(
      _ site: CollectionSite, _ call: Int, _ otherCall: Int,
      _ other: @escaping @Sendable (CollectionSite, @escaping StagedDriver.Hook) async throws -> Void
    ) {
      let calls = Counter()
      let otherCalls = Counter()
      let begin = Mutex<(@Sendable () async -> Void)?>(nil)
      let driver = StagedDriver(site.base, site.clock) { _ throws(StorageError) in
        if calls.next() == call { await begin.withLock { $0 }?() }
      }
      let client = InProcessClient(RequestPipeline.handler(DeploymentOptions().context(over: driver)))
      repo = Repo(Deployment.Site(client: client, driver: driver, rootDirectory: nil), sameAs: site.repo)
      begin.withLock { begin in
        begin = { [self] in
          let running = Meanwhile {
            try await other(site) { _ throws(StorageError) in
              guard otherCalls.next() == otherCall else { return }
              self.isReached.set()
              await self.isDone.untilSetOrStuck()
            }
          }
          self.other.withLock { $0 = running }
          await running.untilDoneOrStuck(.objects) { self.isReached.isSet }
        }
      }
    }
  }

  private final class Counter: Sendable {
    private let count = Atomic<Int>(0)
    func next() -> Int { count.add(1, ordering: .relaxed).newValue }
  }

  /// A collection of what was there the day before: on a busy machine, a race may take minutes.
  private static let collection: @Sendable (CollectionSite, @escaping StagedDriver.Hook) async throws -> Void = {
    site, hook in
    let report = try await site.collect(deleteUntagged: true, grace: .seconds(12 * 3600), before: hook)
    #expect(report.problems == [])
  }

  private func expect(
    _ status: Int, _ accepted: Int, _ others: Set<Int>, _ site: CollectionSite, _ pull: String, _ comment: String
  ) async throws {
    #expect(status == accepted || others.contains(status), "\(comment)")
    guard status == accepted else { return }
    for _ in 0..<2 {
      let now = try await site.site.client.send(.get, pull).status
      #expect(now == 200, "\(comment)")
      try await site.collect(deleteUntagged: true)
    }
  }

  @Test func `a blob that a client was told about is there`() async throws {
    let digest = "told".digest
    try await atAllPairs({ _ = try await $0.repo.blob("told") }) { repo in
      try await repo.site.client.send(.head, "/v2/\(repo.name)/blobs/\(digest)").status
    } besides: {
      try await Self.collection($0, $1)
    } judge: { site, status, comment in
      try await expect(status, 200, [404], site, "/v2/\(site.repo.name)/blobs/\(digest)", comment)
    }
  }

  @Test func `a blob that was mounted is there`() async throws {
    let digest = "mounted".digest
    try await atAllPairs({ _ = try await $0.repo.blob("mounted") }) { repo in
      try await repo.site.client.send(.post, "/v2/other/blobs/uploads/?mount=\(digest)&from=\(repo.name)").status
    } besides: {
      try await Self.collection($0, $1)
    } judge: { site, status, comment in
      try await expect(status, 201, [202], site, "/v2/other/blobs/\(digest)", comment)
    }
  }

  @Test(arguments: [true, false])
  func `a blob that was pushed is there`(isThere: Bool) async throws {
    let digest = "pushed".digest
    try await atAllPairs(
      stride: 2,
      { site in
        try await site.repo.push("latest", seed: "wanted")
        if isThere { _ = try await site.repo.blob("pushed") }
      }
    ) { repo in
      try await repo.site.client.send(
        .post, "/v2/\(repo.name)/blobs/uploads/?digest=\(digest)", body: Array("pushed".utf8)
      ).status
    } besides: { site, hook in
      try await Self.collection(site, hook)
    } judge: { site, status, comment in
      try await expect(status, 201, [], site, "/v2/\(site.repo.name)/blobs/\(digest)", comment)
    }
  }

  @Test func `a manifest that was accepted is whole`() async throws {
    let image = try await CollectionSite().repo.imageText("a")
    try await atAllPairs(stride: 5, { _ = try await $0.repo.image("a") }) { repo in
      try await repo.put(image, at: "latest").status
    } besides: {
      try await Self.collection($0, $1)
    } judge: { site, status, comment in
      try await expect(status, 201, [400, 404], site, "/v2/\(site.repo.name)/manifests/latest", comment)
      let isWhole = try await site.isWhole("latest")
      #expect(isWhole == (status == 201), "\(comment)")
    }
  }

  @Test func `an untagged manifest that was tagged is whole`() async throws {
    let image = try await CollectionSite().repo.imageText("a")
    try await atAllPairs(stride: 5, { _ = try await $0.repo.putImage("a") }) { repo in
      try await repo.put(image, at: "latest").status
    } besides: {
      try await Self.collection($0, $1)
    } judge: { site, status, comment in
      let isWhole = try await site.isWhole("latest")
      #expect(isWhole == (status == 201), "\(comment)")
    }
  }

  // MARK: - Waiting

  /// Who has been waiting.
  enum Wanting: String, CaseIterable, Sendable { case told, mounted, pushed, named }

  @Test(arguments: Wanting.allCases, [true, false])
  func `who meets an announcement waits, and finds what is left`(wanting: Wanting, isRemoved: Bool) async throws {
    let site = CollectionSite(.objects)
    let image = try await site.repo.image("a")
    let digest = "layer a".digest
    let data = StorageLayout.blobData(digest)
    let (client, name) = (site.site.client, site.repo.name)
    let isOver = Flag()
    let waiting = try await site.base.removalProtocol.announcing([data]) { _ throws(StorageError) in
      let waiting = Meanwhile { () async throws -> Int in
        let answer: TestResponse
        switch wanting {
        case .told: answer = try await client.send(.head, "/v2/\(name)/blobs/\(digest)")
        case .mounted: answer = try await client.send(.post, "/v2/other/blobs/uploads/?mount=\(digest)&from=\(name)")
        case .pushed:
          answer = try await client.send(
            .post, "/v2/\(name)/blobs/uploads/?digest=\(digest)", body: Array("layer a".utf8))
        case .named: answer = try await site.repo.put(image, at: "latest")
        }
        #expect(isOver.isSet)
        return answer.status
      }
      await waiting.untilDoneOrStuck(.objects)
      if isRemoved { try await site.base.delete(data.parent, durability: .process) }
      isOver.set()
      return waiting
    }
    let status = try await waiting.answer
    switch wanting {
    case .told: #expect(status == (isRemoved ? 404 : 200))
    case .mounted: #expect(status == (isRemoved ? 202 : 201))
    case .pushed: #expect(status == 201)
    case .named: #expect(status == (isRemoved ? 404 : 201) || (isRemoved && status == 400))
    }
    #expect(try await site.has(digest) == (!isRemoved || wanting == .pushed))
  }

  /// What is written where something may be about to go.
  enum Writing: String, CaseIterable, Sendable { case link, entry }

  @Test(arguments: Writing.allCases)
  func `who writes where a removal is announced does so after it`(writing: Writing) async throws {
    let site = CollectionSite(.objects)
    let name = try #require(RepositoryName(site.repo.name))
    let repository = Registry(driver: site.base).repository(name)
    _ = try await site.repo.blob("layer")
    let layer = "layer".digest
    let referrer = Descriptor(mediaType: MediaType.ociManifest.rawValue, digest: "referrer".digest, size: 1)
    try await repository.referrers.add(referrer, to: layer)
    let path =
      switch writing {
      case .link: StorageLayout.layerLink(name, layer)
      case .entry: StorageLayout.referrer(name, subject: layer, referrer.digest)
      }
    let waiting = try await site.base.removalProtocol.announcing([path]) { _ throws(StorageError) in
      let waiting = Meanwhile { () async throws -> Void in
        switch writing {
        case .link: try await repository.blobs.link(layer)
        case .entry: try await repository.referrers.add(referrer, to: layer)
        }
      }
      await waiting.untilDoneOrStuck(.objects)
      try await site.base.delete(path, durability: .process)
      return waiting
    }
    try await waiting.answer
    #expect(try await site.base.isThere(path))
  }

  @Test func `a link that goes just before its content comes is not told of`() async throws {
    let base = ObjectStoreDriver()
    let name = try #require(RepositoryName("team/app"))
    let digest = "layer".digest
    let link = StorageLayout.layerLink(name, digest)
    try await base.put(Array(digest.description.utf8), at: link, durability: .process)
    let isFirst = Flag()
    let driver = HookedDriver(base) { call throws(StorageError) in
      guard call.name == "stat", call.path == StorageLayout.blobData(digest), !isFirst.isSet else { return }
      isFirst.set()
      // A collection has looked for the content, and takes the link; then somebody else pushes it.
      try await base.delete(link, durability: .process)
      try await base.put(Array("layer".utf8), at: call.path, durability: .process)
    }
    #expect(try await Registry(driver: driver).repository(name).blobs.claim(digest) == nil)
    #expect(isFirst.isSet)
  }

  @Test func `an announcement that doesn't end is answered with 503`() async throws {
    var timing = RemovalTiming.brief
    timing.patience = .milliseconds(10)
    let site = CollectionSite(.objects, timing)
    _ = try await site.repo.blob("layer")
    let digest = "layer".digest
    try await site.base.removalProtocol.announcing([StorageLayout.blobData(digest)]) { _ throws(StorageError) in
      let target = "/v2/\(site.repo.name)/blobs/"
      let told = try? await site.site.client.send(.head, target + "\(digest)")
      let pushed = try? await site.site.client.send(
        .post, target + "uploads/?digest=\(digest)", body: Array("layer".utf8))
      for answer in [told, pushed] {
        #expect(answer?.status == 503)
        #expect(answer?.fields[.retryAfter] != nil)
      }
      // Who only reads goes on.
      let pulled = try? await site.site.client.send(.get, target + "\(digest)")
      #expect(pulled?.status == 200)
    }
  }

  // MARK: - Claims

  @Test func `a claim whose content is gone goes, and one that is young stays`() async throws {
    let site = CollectionSite(.objects)
    let old = StorageLayout.blobClaim("old".digest)
    try await site.base.put([1], at: old, durability: .process)
    try await site.repo.push("latest", seed: "wanted")
    site.clock.passDay()
    let young = StorageLayout.blobClaim("young".digest)
    try await site.base.put([1], at: young, durability: .process)
    let report = try await site.collect()
    #expect(report.problems == [] && report.blobs.removed == 0 && report.blobs.kept == 3)
    #expect(try await !site.base.isThere(old))
    #expect(try await site.base.isThere(young))
    #expect(try await site.isWhole("latest"))
  }

  @Test func `what a process remembers to have claimed stays, whatever the grace`() async throws {
    var timing = RemovalTiming.brief
    timing.claimInterval = .seconds(60)
    let site = CollectionSite(.objects, timing)
    _ = try await site.repo.blob("told")
    let target = "/v2/\(site.repo.name)/blobs/\("told".digest)"
    for _ in 0..<3 {
      #expect(try await site.site.client.send(.head, target).status == 200)
      let report = try await site.collect(grace: .zero)
      #expect(report.blobs.removed == 0)
    }
    site.clock.passDay()
    #expect(try await site.collect(grace: .zero).blobs.removed == 1)
  }

  @Test func `more than one notice may cover is removed under several, and what takes too long under the next`()
    async throws
  {
    var timing = RemovalTiming.brief
    timing.life = .milliseconds(300)
    let site = CollectionSite(.objects, timing)
    for number in 0..<(RemovalNotice.capacity + 50) {
      try await site.base.put([1], at: StorageLayout.blobData("\(number)".digest), durability: .process)
    }
    try await site.repo.push("latest", seed: "wanted")
    site.clock.passDay()
    let notices = Mutex<Set<StoragePath>>([])
    let report = try await site.collect { call throws(StorageError) in
      if call.name == "put", call.path.isBelow(StorageLayout.removalNotices) {
        notices.withLock { _ = $0.insert(call.path) }
      }
      if call.name == "delete", call.path.isBelow(StorageLayout.blobs) {
        do { try await Task.sleep(for: .milliseconds(8)) } catch {}
      }
    }
    #expect(report.problems == [] && report.blobs.removed == RemovalNotice.capacity + 50 && report.blobs.kept == 3)
    #expect(notices.withLock { $0.count } > 2)
    #expect(try await site.isWhole("latest"))
  }

  // MARK: - Repairs

  /// What is damaged, while it is pushed.
  enum Damage: String, CaseIterable, Sendable { case shortened, dangling, torn }

  @Test(arguments: Damage.allCases)
  func `what is pushed while the damage is repaired is there`(damage: Damage) async throws {
    let digest = "content".digest
    try await atAllPairs(
      stride: 2,
      { site in
        let name = try #require(RepositoryName(site.repo.name))
        let link = StorageLayout.layerLink(name, digest)
        try await site.base.put(
          damage == .torn ? [1] : Array(digest.description.utf8), at: link, durability: .process)
        guard damage == .shortened else { return }
        try await site.base.put([1], at: StorageLayout.blobData(digest), durability: .process)
      }
    ) { repo in
      try await repo.site.client.send(
        .post, "/v2/\(repo.name)/blobs/uploads/?digest=\(digest)", body: Array("content".utf8)
      ).status
    } besides: { site, hook in
      var options = Verifier.Options()
      options.repair = true
      options.settling = (age: .zero, pause: .zero)
      _ = try await Verifier(driver: StagedDriver(site.base, site.clock, before: hook), options: options).run { _ in }
    } judge: { site, status, comment in
      #expect(status == 201, "\(comment)")
      let pulled = try await site.site.client.send(.get, "/v2/\(site.repo.name)/blobs/\(digest)")
      #expect(pulled.status == 200 && pulled.text == "content", "\(comment)")
    }
  }

  @Test func `what nobody pushes is repaired`() async throws {
    let site = CollectionSite(.objects)
    let name = try #require(RepositoryName(site.repo.name))
    let (corrupt, dangling) = ("corrupt".digest, "dangling".digest)
    _ = try await site.repo.blob("corrupt")
    try await site.base.put([1], at: StorageLayout.blobData(corrupt), durability: .process)
    try await site.base.put(
      Array(dangling.description.utf8), at: StorageLayout.layerLink(name, dangling), durability: .process)
    for isLate in [false, true] {
      if isLate { site.clock.passDay() }
      var options = Verifier.Options()
      options.repair = true
      options.settling = (age: .zero, pause: .zero)
      let log = VerificationLog()
      _ = try await Verifier(driver: StagedDriver(site.base, site.clock), options: options).run { log.note($0) }
      let quarantined = try await site.base.isThere(StorageLayout.quarantined(corrupt))
      #expect(quarantined == isLate)
      // Somebody has claimed it just before: it may be being pushed.
      #expect(log.findings.contains { $0.kind == .contentCorrupt && $0.state == (isLate ? .repaired : .left) })
    }
    #expect(try await !site.base.isThere(StorageLayout.layerLink(name, dangling)))
    #expect(try await !site.has(corrupt))
  }
}
