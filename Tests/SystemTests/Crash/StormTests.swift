import Core
import Drivers
import Foundation
import HTTPTypes
import Synchronization
import TestSupport
import Testing

/// Clients push, mount, tag and delete while garbage is collected all the time.
@Suite(.ownThread) struct StormTests {
  /// A longer storm is asked for with `BERTH_TEST_STORM_SECONDS=180`.
  static let seconds = ProcessInfo.processInfo.environment["BERTH_TEST_STORM_SECONDS"].flatMap { Int($0) } ?? 10

  enum Caching: CaseIterable { case none, inMemory, redis }

  @Test(
    "no manifest that was accepted lacks a blob, no answer is a 5xx, and what nobody refers to is gone at the end",
    arguments: Caching.allCases)
  func storm(caching: Caching) async throws {
    let redis = caching == .redis ? try RedisServer() : nil
    defer { withExtendedLifetime(redis) {} }
    var options = DeploymentOptions()
    if let redis {
      options.cache = .redis([redis.address])
    } else if caching == .inMemory {
      options.cache = .inMemory
    }
    options.workers = 2
    options.threads = 16
    let server = try RegistryServer(options: options)
    let tally = StormClient.Tally()
    let client = StormClient(port: server.port, tally: tally)
    let end = ContinuousClock.now + .seconds(Self.seconds)
    let clients = 16
    let atWork = Atomic(clients)

    // A child of this task, and so on the test's own thread, which is its alone until the clients are through.
    async let collector: Void = {
      var round = 0
      while atWork.load(ordering: .relaxed) > 0 {
        let grace = Duration.seconds(round / 2 % 2)
        try await Self.collect(server.rootDirectory, untagged: round % 2 == 1, grace: grace, tally)
        round += 1
      }
    }()
    try await Threads.run(count: clients) { _ in
      defer { atWork.subtract(1, ordering: .relaxed) }
      // Every kind of collection has its turn, however slow the machine is.
      while ContinuousClock.now < end || tally["collections"] < 4, tally.failures.count < 20 { try client.act() }
    }
    try await collector

    usleep(300_000)
    try await Self.collect(server.rootDirectory, untagged: true, grace: .zero, tally)
    #expect(tally.failures.isEmpty, "\(server.log)")
    #expect(tally["manifests accepted"] > Self.seconds)
    #expect(tally["collections"] > 4)
    try await Threads.run { try Self.expectExact(client, server.rootDirectory) }
    print("storm of \(Self.seconds) s, \(caching) as a cache: \(tally.text)")
  }

  private static func collect(
    _ root: String, untagged: Bool, grace: Duration, _ tally: StormClient.Tally
  ) async throws {
    let driver = try FilesystemDriver(rootDirectory: root, maxThreads: 25, accelPrefix: nil)
    var options = GarbageCollector.Options()
    options.deletesUntagged = untagged
    options.grace = grace
    let report = try await GarbageCollector(driver, options).run()
    tally.count("collections")
    for _ in 0..<report.blobs.removed { tally.count("contents collected") }
    for problem in report.problems { tally.note("collection: \(problem)") }
  }

  /// Nothing more, and nothing less, than what tags lead to.
  private static func expectExact(_ client: StormClient, _ root: String) throws {
    var wanted = Set<String>()
    for repository in StormClient.repositories {
      let list = try client.send(TestRequest(.get, "/v2/\(repository)/tags/list"))
      for tag in list.text.components(separatedBy: "tag-").dropFirst().map({ "tag-" + $0.prefix(1) }) {
        let answer = try client.get(repository, tag)
        guard answer.status == 200 else { throw Failure("\(repository):\(tag) is \(answer.status)") }
        wanted.insert(sha256(answer.body))
        for blob in StormClient.blobs(of: answer.body) {
          let pulled = try client.send(TestRequest(.get, "/v2/\(repository)/blobs/\(blob)"))
          guard pulled.status == 200, sha256(pulled.body) == blob else { throw Failure("\(blob) is \(pulled.status)") }
          wanted.insert(blob)
        }
      }
    }
    var found = Set<String>()
    guard let walk = FileManager.default.enumerator(atPath: root) else { throw Failure("no \(root)") }
    for case let path as String in walk {
      let parts = path.split(separator: "/")
      if path.contains("/blobs/sha256/"), parts.last == "data" { found.insert("sha256:" + parts[parts.count - 2]) }
      #expect(!path.contains("condemned."), "\(path)")
    }
    #expect(found.subtracting(wanted).isEmpty)
    #expect(wanted.subtracting(found).isEmpty)
  }
}
