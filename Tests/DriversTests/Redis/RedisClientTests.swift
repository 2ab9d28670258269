import Core
import Foundation
import Logging
import TestSupport
import Testing

@testable import RedisCache

/// With one real server.
@Suite(.ownThread) struct RedisClientTests {
  @Test func `answers come in the commands' order, whatever the bytes`() throws {
    let server = try RedisServer()
    let client = try RedisClient.of(server.address)
    let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let key = [UInt8]([0, 13, 10, 255, 36])
    let set = RedisCommand([Array("SET".utf8), key, bytes])
    let get = RedisCommand([Array("GET".utf8), key])
    let replies = try client.deployment().run([
      set, get, RedisCommand(["GET", "absent"]), RedisCommand(["INCR", "n"]), RedisCommand(["LPUSH", "list", "a", ""]),
      RedisCommand(["LRANGE", "list", "0", "-1"]), RedisCommand(["LPOP", "n"]), RedisCommand(["NOSUCH"]),
      RedisCommand(["EVAL", "return {1, {2, 'x', false}}", "0"], keyIndex: nil),
    ])
    #expect(
      replies[..<6] == [
        .status("OK"), .string(bytes), .null, .integer(1), .integer(2), .array([.string([]), .string([97])]),
      ])
    guard case .error(let wrong) = replies[6], case .error(let unknown) = replies[7] else {
      Issue.record("no errors: \(replies[6...])")
      return
    }
    #expect(wrong.hasPrefix("WRONGTYPE") && unknown.hasPrefix("ERR unknown command"))
    #expect(replies[8] == .array([.integer(1), .array([.integer(2), .string([120]), .null])]))
    #expect(client.statistics.snapshot.roundTrips == 1)
    #expect(client.statistics.snapshot.connects == 1)
  }

  @Test func `a pipeline of many megabytes passes both ways`() throws {
    let server = try RedisServer()
    let client = try RedisClient.of(server.address)
    let value = String(repeating: "x", count: 100_000)
    let sets = (0..<300).map { RedisCommand(["SET", "key\($0)", value]) }
    #expect(try client.deployment().run(sets) == Array(repeating: .status("OK"), count: 300))
    let gets = (0..<300).map { RedisCommand(["GET", "key\($0)"]) }
    #expect(try client.deployment().run(gets).allSatisfy { $0.bytes?.count == 100_000 })
    #expect(try client.deployment().run([RedisCommand]()) == [])
  }

  @Test func `an answer of absurd size ends the connection`() throws {
    let server = try RedisServer()
    let client = try RedisClient.of(server.address)
    let deployment = try client.deployment()
    _ = try deployment.run(["SETRANGE", "big", "\(17 << 20)", "x"])
    let error = #expect(throws: RedisError.self) { try deployment.run(["GET", "big"]) }
    #expect(error?.code == .protocolError)
    #expect(try deployment.run(["PING"]) == [.status("PONG")])
    #expect(client.statistics.snapshot.connects == 2)
  }

  @Test func `logs in with a password, and as a user`() throws {
    let server = try RedisServer(.init(password: "geheim, \"so\"", user: "berth on >secret ~b:* +@all"))
    let withPassword = try RedisClient.of(server.address) { $0.password = "geheim, \"so\"" }
    #expect(try withPassword.run(["ACL", "WHOAMI"]) == [.string(Array("default".utf8))])
    let asUser = try RedisClient.of(server.address) {
      $0.userName = "berth"
      $0.password = "secret"
    }
    #expect(try asUser.run(["ACL", "WHOAMI"]) == [.string(Array("berth".utf8))])
    // What the user may not do is that command's error alone.
    guard case .error(let text) = try asUser.run(["GET", "other"])[0] else {
      Issue.record("no error")
      return
    }
    #expect(text.hasPrefix("NOPERM"))
    #expect(try asUser.run(["GET", "b:1"]) == [.null])
  }

  @Test(arguments: ["", "wrong"]) func `is refused without the password, and never tells it`(password: String) throws {
    let server = try RedisServer(.init(password: "geheim"))
    let lines = KeptLog.Lines()
    let client = try RedisClient.of(server.address, logger: .init(label: "test") { _ in KeptLog(lines: lines) }) {
      $0.password = Secret(password)
    }
    let error = #expect(throws: RedisError.self) { try client.deployment() }
    #expect(error?.code == .refused)
    #expect(lines.all.count == 1)
    #expect(lines.all.allSatisfy { $0.contains("redis.password") && !$0.contains("wrong") })
  }

  @Test func `uses the database and the name that it was given`() throws {
    let server = try RedisServer()
    let client = try RedisClient.of(server.address) {
      $0.database = 3
      $0.clientName = "berth-test"
    }
    _ = try client.run(["SET", "key", "value"])
    #expect(try server.cli("-n", "3", "GET", "key") == "value")
    #expect(try server.cli("GET", "key") == "")
    #expect(try server.cli("CLIENT", "LIST").contains("name=berth-test"))
    let missing = try RedisClient.of(server.address) { $0.database = 16 }
    let error = #expect(throws: RedisError.self) { try missing.deployment() }
    #expect(error?.code == .refused)
  }

  @Test(arguments: ["", "unix://"]) func `speaks over a Unix socket`(prefix: String) throws {
    let server = try RedisServer()
    let client = try RedisClient.of(prefix + server.socket)
    #expect(try client.run(["PING"]) == [.status("PONG")])
    let overTCP = try RedisClient.of("localhost:\(server.port)")
    #expect(try client.deployment().identity == overTCP.deployment().identity)
  }

  @Test func `an idle connection that the server closed is replaced and nobody notices`() throws {
    let server = try RedisServer()
    let client = try RedisClient.of(server.address)
    let deployment = try client.deployment()
    #expect(try deployment.run(["PING"]) == [.status("PONG")])
    try server.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    #expect(try deployment.run(["PING"]) == [.status("PONG")])
    #expect(client.statistics.snapshot.connects == 2)
    #expect(client.statistics.snapshot.errors == 0)
    #expect(client.statistics.snapshot.connectionsIdle == 1)
  }

  @Test func `an idle connection is let go when it is old`() throws {
    let server = try RedisServer()
    let client = try RedisClient.of(server.address) { $0.maxIdleTime = .nanoseconds(1) }
    for _ in 0..<3 { _ = try client.run(["PING"]) }
    #expect(client.statistics.snapshot.connects == 4)
  }

  @Test func `of several addresses the master is used`() throws {
    let master = try RedisServer()
    let replica = try RedisServer.replica(of: master)
    let absent = try FreePort.next()
    let client = try RedisClient.of("127.0.0.1:\(absent)", replica.address, master.address)
    _ = try client.run(["SET", "key", "value"])
    #expect(try master.cli("GET", "key") == "value")
    let nobody = try RedisClient.of("127.0.0.1:\(absent)", replica.address)
    let error = #expect(throws: RedisError.self) { try nobody.deployment() }
    #expect(error?.code == .unavailable)
    #expect(error?.description.contains("not a master") == true)
  }

  @Test func `a client that was closed can be used again`() throws {
    let server = try RedisServer()
    let client = try RedisClient.of(server.address)
    let first = try client.deployment()
    client.close()
    #expect(throws: RedisError.self) { try first.run(["PING"]) }
    #expect(client.statistics.snapshot.connectionsIdle == 0)
    #expect(try client.run(["PING"]) == [.status("PONG")])
  }

  @Test func `a client that is let go leaves no connection`() throws {
    let server = try RedisServer()
    do {
      let client = try RedisClient.of(server.address) { $0.clientName = "gone" }
      _ = try client.run(["PING"])
    }
    try Eventually.holds("no connection is left") { try !server.cli("CLIENT", "LIST").contains("name=gone") }
  }
}
