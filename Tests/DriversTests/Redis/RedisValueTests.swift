import Core
import Testing

@testable import RedisCache

/// What needs no server.
struct RedisValueTests {
  @Test(
    arguments: [
      ("localhost", .tcp(host: "localhost", port: 6379)), ("redis:7000", .tcp(host: "redis", port: 7000)),
      ("10.0.0.1:1", .tcp(host: "10.0.0.1", port: 1)), ("[::1]:6380", .tcp(host: "::1", port: 6380)),
      ("[fe80::1%eth0]", .tcp(host: "fe80::1%eth0", port: 6379)), ("/run/redis.sock", .unix(path: "/run/redis.sock")),
      ("unix:///run/redis.sock", .unix(path: "/run/redis.sock")), ("", nil), (":6379", nil), ("::1", nil),
      ("redis://host:6379", nil), ("host:", nil), ("host:0", nil), ("host:65536", nil), ("[::1", nil), ("[::1]x", nil),
      ("user@host:1", nil), ("a b:1", nil), ("unix://relative", nil),
      ("/" + String(repeating: "x", count: 107), nil),
    ] as [(String, RedisAddress?)])
  func `reads addresses`(text: String, expected: RedisAddress?) {
    #expect(RedisAddress(text) == expected)
  }

  @Test func `computes CRC16 as the cluster's specification has it`() {
    #expect(RedisSlot.crc16(Array("123456789".utf8)[...]) == 0x31C3)
  }

  @Test(
    arguments: [
      ("", 0), ("foo", 12182), ("foo{bar}baz", 5061), ("bar", 5061), ("{bar}", 5061), ("{bar}{foo}", 5061),
      ("{}foo", 9500), ("foo{{bar}}zap", 4015), ("{bar", 4015), ("foo{bar", 15278),
    ])
  func `computes slots by hash tags`(key: String, slot: Int) {
    #expect(RedisCommand(["GET", key]).slot?.number == slot)
  }

  @Test func `a command is its bytes, and its key is where it says`() {
    let command = RedisCommand([Array("SET".utf8), [0, 13, 10, 255], []], keyIndex: 1)
    #expect(
      command.encoded == Array("*3\r\n$3\r\nSET\r\n$4\r\n".utf8) + [0, 13, 10, 255] + Array("\r\n$0\r\n\r\n".utf8))
    #expect(command.slot == RedisSlot(of: [0, 13, 10, 255]))
    #expect(RedisCommand(["EVAL", "return 1", "1", "foo"], keyIndex: 3).slot?.number == 12182)
    #expect(RedisCommand(["PING"]).slot == nil)
    #expect(RedisCommand(["PING", "x"], keyIndex: nil).slot == nil)
  }

  private static let info = "# Server\r\nrun_id:abc\r\nredis_mode:standalone\r\nrole:master\r\nmaster_replid:def\r\n"

  @Test func `reads what a server says of itself`() throws {
    let info = try #require(RedisServerInfo(Self.info + "loading:0\r\n"))
    #expect(info.identity == "abc:def")
    #expect(info.isMaster && !info.isLoading && info.mode == .standalone)
    #expect(RedisServerInfo(Self.info + "loading:1\r\n")?.isLoading == true)
    #expect(info.isConfirmed(by: "role:master\r\nmaster_replid:def\r\n"))
    #expect(!info.isConfirmed(by: "role:slave\r\nmaster_replid:def\r\n"))
    #expect(!info.isConfirmed(by: "role:master\r\nmaster_replid:other\r\n"))
    #expect(!info.isConfirmed(by: ""))
  }

  @Test(arguments: ["", "run_id:abc\r\n", "run_id:\r\nrole:master\r\nmaster_replid:d\r\n", "role:master\r\n"])
  func `what says nothing of itself is no server`(text: String) {
    #expect(RedisServerInfo(text) == nil)
  }

  private static let speaker = RedisAddress.tcp(host: "10.0.0.1", port: 7000)

  @Test(
    arguments: [
      (.string([1]), .answer), (.error("OOM command not allowed"), .answer), (.error("WRONGTYPE x"), .answer),
      (.error("TRYAGAIN x"), .answer), (.error(""), .answer),
      (.error("READONLY You can't"), .over(.superseded)), (.error("MASTERDOWN x"), .over(.superseded)),
      (.error("LOADING x"), .over(.unavailable)), (.error("CLUSTERDOWN x"), .over(.unavailable)),
      (.error("NOREPLICAS x"), .over(.refused)), (.error("MOVED 1"), .over(.protocolError)),
      (.error("MOVED 16384 a:1"), .over(.protocolError)), (.error("ASK 5 a"), .over(.protocolError)),
      (.error("ASK 5 a:1"), .ask(.tcp(host: "a", port: 1))), (.error("ASK 5 ::1:7"), .ask(.tcp(host: "::1", port: 7))),
      (.error("ERR Error running script: @user_script: 1: -READONLY You can't"), .over(.superseded)),
    ] as [(RedisReply, RedisVerdict)])
  func `knows errors of one command from those of a server`(reply: RedisReply, verdict: RedisVerdict) {
    #expect(RedisVerdict(reply, from: Self.speaker) == verdict)
  }

  @Test func `an address without a host is on the host that said it`() throws {
    let slot = try #require(RedisSlot(number: 5))
    #expect(
      RedisVerdict(.error("MOVED 5 :7001"), from: Self.speaker) == .moved(slot, to: .tcp(host: "10.0.0.1", port: 7001)))
    let entry = RedisReply.array([.integer(0), .integer(16383), .array([.null, .integer(7002), .string([65])])])
    let ranges = try #require(RedisDiscovery.ranges(.array([entry]), from: Self.speaker))
    #expect(ranges.map(\.master) == [.tcp(host: "10.0.0.1", port: 7002)])
    #expect(ranges.map(\.slots) == [0...16383])
  }

  @Test(
    arguments: [
      .null, .array([.null]), .array([.array([.integer(1), .integer(2)])]),
      .array([.array([.integer(5), .integer(2), .array([.string([65]), .integer(1)])])]),
      .array([.array([.integer(0), .integer(16384), .array([.string([65]), .integer(1)])])]),
      .array([.array([.integer(-1), .integer(2), .array([.string([65]), .integer(1)])])]),
      .array([.array([.integer(0), .integer(2), .array([.string([65]), .integer(70000)])])]),
    ] as [RedisReply])
  func `nonsense of slots is none`(reply: RedisReply) {
    #expect(RedisDiscovery.ranges(reply, from: Self.speaker) == nil)
  }

  @Test func `a map of slots has all of them or is none`() throws {
    #expect(RedisSlotMap([(0...16382, 0)]) == nil)
    var map = try #require(RedisSlotMap([(0...8191, 0), (8192...16383, 1)]))
    let slot = try #require(RedisSlot(number: 8192))
    #expect(map[slot] == 1)
    map[slot] = 0
    #expect(map[slot] == 0)
  }

  @Test func `fills the configuration's gaps`() throws {
    var configuration = Configuration.Redis()
    configuration.addresses = ["a", "b:1"]
    configuration.readTimeout = .zero
    configuration.writeTimeout = .milliseconds(5)
    let settings = try RedisSettings(configuration)
    #expect(settings.dialTimeout == .seconds(1) && settings.readTimeout == .seconds(1))
    #expect(settings.writeTimeout == .milliseconds(5))
    #expect(settings.poolSize >= 10 && settings.maxIdleConnections == nil && settings.maxIdleTime == nil)
    #expect(settings.addresses == [.tcp(host: "a", port: 6379), .tcp(host: "b", port: 1)])
    configuration.masterName = "m"
    #expect(try RedisSettings(configuration).addresses[0] == .tcp(host: "a", port: 26379))
  }

  @Test func `says which key can't be right`() {
    func message(_ configure: (inout Configuration.Redis) -> Void) -> String? {
      var configuration = Configuration.Redis()
      configuration.addresses = ["a"]
      configure(&configuration)
      do throws(RedisError) {
        try RedisClient.check(configuration)
        return nil
      } catch {
        return error.code == .misconfigured ? error.message : nil
      }
    }
    #expect(message { _ in } == nil)
    #expect(message { $0.addresses = [] }?.hasPrefix("redis.addrs") == true)
    #expect(message { $0.addresses = ["redis://a"] }?.hasPrefix("redis.addrs") == true)
    #expect(message { $0.clientName = "a b" }?.hasPrefix("redis.clientname") == true)
    if !RedisTLSSupport.isAvailable {
      #expect(message { $0.tls = .init() }?.hasPrefix("redis.tls") == true)
    }
    #expect(
      message {
        $0.tls = .init()
        $0.tls?.enabled = false
      } == nil)
  }
}
