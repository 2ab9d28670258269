import Core
import Foundation
import Logging
import TestSupport
import Testing

@testable import RedisCache

/// What a server and a network can do to a client.
@Suite(.ownThread) struct RedisFaultTests {
  private static func opens(_ client: RedisClient) throws {
    try Eventually.holds("Redis is left alone") {
      _ = try? client.deployment().run(["PING"])
      return client.statistics.snapshot.breakerOpenings > 0
    }
  }

  @Test func `an absent server fails at once, and is used when it is there`() throws {
    let server = try RedisServer()
    server.kill()
    let client = try RedisClient.of(server.address)
    let error = #expect(throws: RedisError.self) { try client.deployment() }
    #expect(error?.code == .unavailable)
    try Self.opens(client)
    let open = #expect(throws: RedisError.self) { try client.deployment() }
    #expect(open?.description.contains("a moment ago") == true)
    try server.start()
    _ = try client.eventually()
  }

  @Test func `a name that can't be resolved, and a socket that isn't there, are errors`() throws {
    for address in ["no-such-host.invalid:1", "/no/such/socket"] {
      let error = try #require(throws: RedisError.self) { try RedisClient.of(address).deployment() }
      #expect(error.code == .unavailable || error.code == .timeout)
    }
  }

  @Test func `a server that hangs costs one timeout, then nobody waits, and its return is noticed`() throws {
    let server = try RedisServer()
    let client = try RedisClient.of(server.address, timeout: .seconds(1))
    let deployment = try client.eventually()
    server.pause()
    let error = #expect(throws: RedisError.self) { try deployment.run(["PING"]) }
    #expect(error?.code == .timeout)
    // Whoever comes now is turned away: 300 timeouts would take longer than the test may.
    for _ in 0..<300 {
      let error = #expect(throws: RedisError.self) { try client.deployment().run(["PING"]) }
      #expect(error?.code == .unavailable)
    }
    #expect(client.statistics.snapshot.timeouts < 10)
    server.resume()
    // Nothing was lost, and the deployment goes on.
    #expect(try client.eventually() === deployment)
  }

  @Test func `what a connection that timed out had in it never answers another's command`() throws {
    let server = try RedisServer()
    let proxy = try FaultyTCPProxy(to: server.port)
    defer { proxy.stop() }
    let client = try RedisClient.of(proxy.address, timeout: .seconds(1))
    _ = try client.eventually()
    proxy.set(.delay(.seconds(2)))
    let error = #expect(throws: RedisError.self) { try client.deployment().run(["ECHO", "late"]) }
    #expect(error?.code == .timeout)
    proxy.set(.none)
    let deployment = try client.eventually()
    for number in 0..<100 { #expect(try deployment.run(["ECHO", "\(number)"])[0].text == "\(number)") }
  }

  @Test(
    arguments: [
      .garbage(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)), .garbage(Array("*1000000000\r\n".utf8)),
      .garbage(Array("$-7\r\n".utf8)),
      .garbage(Array("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n".utf8)),
      .garbage([0, 1, 2, 3]),
    ] as [FaultyTCPProxy.Fault])
  func `garbage ends the connection, not the deployment`(fault: FaultyTCPProxy.Fault) throws {
    let server = try RedisServer()
    let proxy = try FaultyTCPProxy(to: server.port)
    defer { proxy.stop() }
    let client = try RedisClient.of(proxy.address)
    let deployment = try client.deployment()
    proxy.set(fault)
    let error = #expect(throws: RedisError.self) { try deployment.run(["PING"]) }
    #expect(error?.code == .protocolError)
    proxy.set(.none)
    #expect(try client.eventually().identity == deployment.identity)
    #expect(client.statistics.snapshot.connectionsInUse == 0)
  }

  @Test(arguments: [0, 1, 4, 7]) func `an answer that breaks off is an error, and nobody gets its rest`(
    bytes: Int
  ) throws {
    let server = try RedisServer()
    let proxy = try FaultyTCPProxy(to: server.port)
    defer { proxy.stop() }
    let client = try RedisClient.of(proxy.address)
    let deployment = try client.deployment()
    proxy.set(.cut(after: bytes))
    let error = #expect(throws: RedisError.self) { try deployment.run(["ECHO", "abc"], ["ECHO", "def"]) }
    #expect(error?.code == .unavailable)
    #expect(deployment.isOver)
    proxy.set(.none)
    let next = try client.eventually()
    #expect(next !== deployment)
    #expect(next.identity == deployment.identity)
    #expect(try next.run(["ECHO", "ghi"])[0].text == "ghi")
  }

  @Test func `a server that takes connections and is silent fails every search by a timeout`() throws {
    let server = try RedisServer()
    let proxy = try FaultyTCPProxy(to: server.port)
    defer { proxy.stop() }
    proxy.set(.blackhole)
    let client = try RedisClient.of(proxy.address, timeout: .seconds(1))
    let error = #expect(throws: RedisError.self) { try client.deployment() }
    #expect(error?.code == .timeout)
    #expect(client.statistics.snapshot.breakerOpenings == 1)
    proxy.set(.none)
    _ = try client.eventually()
  }

  @Test func `threads that search at the same time share one search`() throws {
    let server = try RedisServer()
    let client = try RedisClient.of(server.address)
    RedisPoolTests.threads(16) { _ in _ = try? client.deployment() }
    #expect(client.statistics.snapshot.connects == 1)
  }

  @Test func `a server that loads its data is not used yet`() throws {
    let server = try RedisServer(.init(keepsData: true))
    try server.cli("DEBUG", "POPULATE", "20000", "key", "10")
    server.stop()
    let slow = try RedisServer()
    slow.kill()
    try FileManager.default.copyItem(atPath: server.folder / "dump.rdb", toPath: slow.folder / "dump.rdb")
    // Loads for as long as it takes to see it.
    let process = try ChildProcess(
      [
        "/usr/bin/redis-server", "--bind", "127.0.0.1", "--port", "\(slow.port)", "--dir", slow.folder.path,
        "--key-load-delay", "1000", "--loading-process-events-interval-bytes", "1024",
      ], log: slow.folder / "loading.log")
    defer { process.stop() }
    let client = try RedisClient.of(slow.address)
    try Eventually.holds("the client says why it waits") {
      do throws(RedisError) {
        _ = try client.deployment()
        return false
      } catch {
        return error.description.contains("loading")
      }
    }
    process.stop(signal: SIGKILL)
    try slow.start()
    _ = try client.eventually()
  }

  @Test func `a full server refuses the command alone`() throws {
    let server = try RedisServer(.init(arguments: ["--maxmemory", "1mb", "--maxmemory-policy", "noeviction"]))
    let client = try RedisClient.of(server.address)
    let deployment = try client.deployment()
    _ = try deployment.run(["SETRANGE", "big", "4000000", "x"])
    guard case .error(let text) = try deployment.run(["SET", "key", "value"])[0] else {
      Issue.record("no error")
      return
    }
    #expect(text.hasPrefix("OOM"))
    #expect(try deployment.run(["GET", "key"]) == [.null])
    #expect(!deployment.isOver)
  }

  @Test func `a server that wants replicas refuses us until it has some`() throws {
    let server = try RedisServer(.init(arguments: ["--min-replicas-to-write", "1"]))
    let client = try RedisClient.of(server.address)
    let error = #expect(throws: RedisError.self) { try client.run(["SET", "key", "value"]) }
    #expect(error?.code == .refused)
    try server.cli("CONFIG", "SET", "min-replicas-to-write", "0")
    try Eventually.holds("it is used") { (try? client.run(["SET", "key", "value"])) == [.status("OK")] }
  }

  @Test func `one cause is logged once in a while`() throws {
    let port = try FreePort.next()
    let lines = KeptLog.Lines()
    let client = try RedisClient.of("127.0.0.1:\(port)", logger: .init(label: "test") { _ in KeptLog(lines: lines) })
    for _ in 0..<100 { _ = try? client.deployment() }
    #expect(lines.all.count == 1)
    #expect(lines.all.first?.contains("127.0.0.1:\(port)") == true)
  }
}
