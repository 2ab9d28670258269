import CHiredis
import Core
import TestSupport
import Testing

@testable import RedisCache

/// What a Redis server answers.
@Suite(.ownThread) struct RedisFuzzTests {
  private static let digest = ContentHasher.digest(.sha256, of: [1])

  /// The replies that bytes from a server hold, as the connection reads them.
  private func replies(_ bytes: [UInt8]) -> [RedisReply] {
    guard let reader = redisReaderCreate() else { return [] }
    defer { redisReaderFree(reader) }
    RedisReplyLimit.apply(to: reader)
    let status = bytes.withUnsafeBytes {
      redisReaderFeed(reader, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
    }
    guard status == REDIS_OK else { return [] }
    var replies: [RedisReply] = []
    while true {
      var pointer: UnsafeMutableRawPointer?
      guard redisReaderGetReply(reader, &pointer) == REDIS_OK, let pointer else { return replies }
      defer { freeReplyObject(pointer) }
      if let reply = RedisReply(pointer.assumingMemoryBound(to: redisReply.self)) { replies.append(reply) }
    }
  }

  @Test func `any bytes are replies or none, and each is read for no more than it is`() async throws {
    let hex = "\(Self.digest)"
    let server = try #require(RedisAddress("127.0.0.1:6379"))
    let samples = [
      "+OK\r\n", "-MOVED 3999 127.0.0.1:6381\r\n", "-ASK 3999 :6381\r\n", ":9223372036854775807\r\n", "$-1\r\n",
      "*-1\r\n",
      "*2\r\n*3\r\n:0\r\n:8191\r\n*2\r\n$9\r\n127.0.0.1\r\n:6379\r\n*3\r\n:8192\r\n:16383\r\n*2\r\n$0\r\n\r\n:6380\r\n",
      "*4\r\n$\(hex.utf8.count)\r\n\(hex)\r\n$2\r\n17\r\n$3\r\n1.2\r\n$19\r\n1767323045000000000\r\n",
      "$60\r\nrun_id:a\r\nredis_mode:cluster\r\nrole:master\r\nmaster_replid:b\r\n\r\n",
    ]
    await Fuzzer.run(samples) { bytes in
      for reply in replies(bytes) {
        _ = RedisVerdict(reply, from: server)
        _ = reply.text.flatMap { RedisServerInfo($0) }
        let stamps = RedisCacheStamp.Space(CachePass(domain: "d", number: 1, end: .now))
        if let entry = RedisCacheEntry(reply, of: Self.digest, in: stamps) {
          #expect(ByteCount.range.contains(entry.blob.size) && WallClock.range.contains(entry.blob.claimed))
        }
        guard let ranges = RedisDiscovery.ranges(reply, from: server) else { continue }
        let owned = ranges.enumerated().map { (slots: $0.element.slots, server: $0.offset) }
        if let map = RedisSlotMap(owned) { #expect(ranges.indices.contains(map[RedisSlot(of: [1, 2, 3])])) }
      }
    }
  }

  @Test func `an address that is read is one again`() async {
    await Fuzzer.run(["localhost:6379", "[::1]:6380", "/run/redis.sock", "unix:///run/redis.sock"]) { bytes in
      guard let address = RedisAddress(String(decoding: bytes, as: UTF8.self)) else { return }
      #expect(RedisAddress(address.description) == address)
    }
  }
}
