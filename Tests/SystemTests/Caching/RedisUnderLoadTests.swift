import Foundation
import TestSupport
import Testing

/// Whatever becomes of Redis, no request fails and no answer is wrong; and it is used again once it is back.
@Suite(.ownThread) struct RedisUnderLoadTests {
  enum Fault: String, CaseIterable, CustomTestStringConvertible {
    case absent, killed, restarted, paused, full, replica, flushed, slow, garbage, cut, silent
    var testDescription: String { rawValue }
  }

  @Test("no request fails, and no answer is wrong", arguments: Fault.allCases)
  func fault(_ fault: Fault) async throws {
    let redis = try RedisServer()
    let proxy = try FaultyTCPProxy(to: redis.port)
    defer { proxy.stop() }
    let folder = try TemporaryFolder()
    let hosts = try (0..<2).map { _ in
      var options = DeploymentOptions()
      options.cache = .redis([fault == .absent ? "127.0.0.1:\(try FreePort.next())" : "127.0.0.1:\(proxy.port)"])
      return try RegistryServer(options: options, rootDirectory: folder / "registry")
    }
    let truth = CacheTruth(ports: hosts.map(\.port))
    try await truth.run(rounds: 2) {
      try truth.progress(6)
      try Self.begin(fault, redis, proxy, truth)
      try truth.progress(6)
      guard fault != .absent else { return }
      try Self.end(fault, redis, proxy)
      try Eventually.holds("the cache is used again") { try CacheTruthTests.isUsed([redis]) }
      try truth.progress(6)
    }
    #expect(truth.tally.failures.isEmpty)
    #expect(truth.tally["questions without an answer"] == 0)
    if fault != .flushed && fault != .slow {
      // Told of, and not for each request.
      let warnings = hosts.flatMap { $0.log.split(separator: "\n") }.count { $0.contains("Redis") }
      #expect((1...100).contains(warnings), "\(hosts.map(\.log))")
    }
    print("Redis \(fault.rawValue): \(truth.tally.text)")
  }

  private static func begin(
    _ fault: Fault, _ redis: RedisServer, _ proxy: FaultyTCPProxy, _ truth: CacheTruth
  ) throws {
    switch fault {
    case .absent: break
    case .killed: redis.kill()
    case .restarted: for _ in 0..<3 { try redis.restart() }
    case .paused: redis.pause()
    case .full: try redis.cli("CONFIG", "SET", "maxmemory", "1")
    case .replica: try redis.cli("REPLICAOF", "127.0.0.1", "1")
    case .flushed:
      for _ in 0..<50 {
        try redis.cli("FLUSHALL")
        usleep(20_000)
      }
    case .slow: proxy.set(.delay(.milliseconds(200)))
    case .garbage: proxy.set(.garbage(Array("-nonsense\r\n$-7\r\n\u{0}\u{1}".utf8)))
    case .cut: proxy.set(.cut(after: 100))
    case .silent: proxy.set(.blackhole)
    }
  }

  private static func end(_ fault: Fault, _ redis: RedisServer, _ proxy: FaultyTCPProxy) throws {
    switch fault {
    case .absent, .restarted, .flushed: break
    case .killed: try redis.start()
    case .paused: redis.resume()
    case .full: try redis.cli("CONFIG", "SET", "maxmemory", "0")
    case .replica: try redis.cli("REPLICAOF", "NO", "ONE")
    case .slow, .garbage, .cut, .silent: proxy.set(.none)
    }
  }
}
