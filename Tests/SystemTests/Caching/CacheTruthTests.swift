import Foundation
import TestSupport
import Testing

/// Nobody is told of what was deleted, or not told of what was pushed, whatever is remembered, and where.
@Suite(.ownThread) struct CacheTruthTests {
  /// Rounds are many more with `BERTH_TEST_TRUTH_ROUNDS=500`.
  static let rounds = ProcessInfo.processInfo.environment["BERTH_TEST_TRUTH_ROUNDS"].flatMap { Int($0) } ?? 15

  private func report(_ truth: CacheTruth, _ what: String) {
    #expect(truth.tally.failures.isEmpty)
    print("\(what): \(truth.tally.text)")
  }

  @Test func `in process, in four workers of one host`() async throws {
    var options = DeploymentOptions()
    options.cache = .inMemory
    options.workers = 4
    let host = try RegistryServer(options: options)
    // A connection goes to whichever worker is free, so one port leads to all of them.
    let truth = CacheTruth(ports: [host.port, host.port, host.port])
    try await truth.run(rounds: Self.rounds)
    report(truth, "four workers, in process")
  }

  @Test func `in one Redis, on two hosts over one storage`() async throws {
    let redis = try RedisServer()
    let (hosts, folder) = try Self.hosts(.redis([redis.address]))
    let truth = CacheTruth(ports: hosts.map(\.port))
    try await truth.run(rounds: Self.rounds)
    #expect(try Int(redis.cli("DBSIZE")) ?? 0 > 0)
    report(truth, "two hosts, one Redis")
    withExtendedLifetime((hosts, folder)) {}
  }

  @Test func `in process on two hosts, each with a cache of its own`() async throws {
    let (hosts, folder) = try Self.hosts(.inMemory)
    let truth = CacheTruth(ports: hosts.map(\.port))
    // Each deletion waits for the other host.
    try await truth.run(rounds: max(2, Self.rounds / 20))
    report(truth, "two hosts, in process")
    withExtendedLifetime((hosts, folder)) {}
  }

  @Test func `on a host with Redis, one without a cache, and one that remembers in process`() async throws {
    let redis = try RedisServer()
    let (hosts, folder) = try Self.hosts(.redis([redis.address]), .none, .inMemory)
    let truth = CacheTruth(ports: hosts.map(\.port))
    try await truth.run(rounds: max(2, Self.rounds / 20))
    report(truth, "three hosts, each with another cache")
    withExtendedLifetime((hosts, folder)) {}
  }

  @Test func `while sentinels replace a master that is killed`() async throws {
    let sentinels = try RedisSentinels()
    let addresses = sentinels.sentinelPorts.map { "127.0.0.1:\($0)" }
    let (hosts, folder) = try Self.hosts(.redis(addresses, masterName: sentinels.masterName))
    let truth = CacheTruth(ports: hosts.map(\.port))
    try await truth.run(owners: 16, rounds: Self.rounds) {
      try Eventually.holds("the cache is used") { try Int(sentinels.servers[0].cli("DBSIZE")) ?? 0 > 0 }
      let killed = ContinuousClock.now
      try sentinels.failOver()
      let replaced = ContinuousClock.now
      try Eventually.holds("the cache is used again") {
        try Self.isUsed(sentinels.servers.dropFirst().filter { try $0.cli("ROLE").hasPrefix("master") })
      }
      print("sentinels: replaced after \(replaced - killed), serving again after \(ContinuousClock.now - killed)")
    }
    report(truth, "two hosts, Sentinel, a master killed")
    withExtendedLifetime((hosts, folder)) {}
  }

  @Test func `while a cluster loses a master`() async throws {
    let cluster = try RedisCluster(replicas: true)
    let (hosts, folder) = try Self.hosts(.redis(cluster.addresses))
    let truth = CacheTruth(ports: hosts.map(\.port))
    try await truth.run(owners: 16, rounds: Self.rounds) {
      try Eventually.holds("the cache is used") { try Self.isUsed(Array(cluster.nodes.prefix(3))) }
      let killed = ContinuousClock.now
      cluster.kill(0)
      try cluster.waitUntilWhole()
      let replaced = ContinuousClock.now
      let masters = try cluster.nodes.dropFirst().filter { try $0.cli("ROLE").hasPrefix("master") }
      try Eventually.holds("the cache is used again") { try Self.isUsed(masters) }
      print("cluster: whole after \(replaced - killed), serving again after \(ContinuousClock.now - killed)")
    }
    report(truth, "two hosts, a cluster, a master killed")
    withExtendedLifetime((hosts, folder)) {}
  }

  /// Hosts over one storage.
  private static func hosts(_ caches: DeploymentOptions.Cache...) throws -> ([RegistryServer], TemporaryFolder) {
    let folder = try TemporaryFolder()
    let both = caches.count == 1 ? [caches[0], caches[0]] : caches
    let hosts = try both.map { cache in
      var options = DeploymentOptions()
      options.cache = cache
      return try RegistryServer(options: options, rootDirectory: folder / "registry")
    }
    return (hosts, folder)
  }

  /// Whether somebody adds what he found.
  static func isUsed(_ servers: [RedisServer]) throws -> Bool {
    try servers.contains { server in
      let before = try added(server)
      usleep(20_000)
      return try added(server) != before
    }
  }

  /// How many scripts it has run.
  private static func added(_ server: RedisServer) throws -> String {
    let parts = try server.cli("INFO", "commandstats").components(separatedBy: "cmdstat_eval:calls=")
    return parts.count > 1 ? String(parts[1].prefix { $0.isNumber }) : ""
  }
}
