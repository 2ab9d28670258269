import Core
import TestSupport
import Testing

@testable import RedisCache

/// A master that sentinels name.
@Suite(.ownThread, .serialized) struct RedisSentinelTests {
  private static func client(_ addresses: [String], _ name: String = "registry") throws -> RedisClient {
    try RedisClient.of(timeout: .seconds(2)) {
      $0.addresses = addresses
      $0.masterName = name
    }
  }

  @Test func `a failover is followed, and is another identity`() throws {
    let sentinels = try RedisSentinels()
    let client = try Self.client(sentinels.addresses)
    let deployment = try client.deployment()
    _ = try deployment.run(["SET", "before", "value"])
    #expect(try sentinels.servers[0].cli("GET", "before") == "value")
    try sentinels.failOver()
    #expect(throws: RedisError.self) { try deployment.run(["PING"]) }
    let next = try client.eventually()
    #expect(next.identity != deployment.identity)
    _ = try next.run(["SET", "after", "value"])
    #expect(try sentinels.master()?.cli("GET", "after") == "value")
    // The old master comes back empty, calls itself one for a moment, and is not used.
    try sentinels.servers[0].start()
    _ = try client.run(["SET", "later", "value"])
    #expect(try client.deployment().identity == next.identity)
    #expect(try sentinels.master()?.cli("GET", "later") == "value")
  }

  @Test func `sentinels that are gone, or know nothing of it, are passed over`() throws {
    let sentinels = try RedisSentinels()
    let absent = "127.0.0.1:\(try FreePort.next())"
    let client = try Self.client([absent, sentinels.servers[1].address] + sentinels.addresses)
    #expect(try client.run(["PING"]) == [.status("PONG")])
    sentinels.killSentinel(0)
    client.close()
    #expect(try client.run(["PING"]) == [.status("PONG")])
    let error = #expect(throws: RedisError.self) { try Self.client([sentinels.addresses[1]], "other").deployment() }
    #expect(error?.description.contains("'other'") == true)
    // A client that was given a sentinel as a server is told so.
    let wrong = #expect(throws: RedisError.self) { try RedisClient.of(sentinels.addresses[1]).deployment() }
    #expect(wrong?.description.contains("redis.mastername") == true)
  }
}
