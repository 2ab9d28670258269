import Core
import Foundation
import TestSupport
import Testing

@testable import RedisCache

/// The identity of a deployment changes when data may have been lost, and never else.
@Suite(.ownThread) struct RedisIdentityTests {
  @Test func `all clients of one server see the same identity, however often they connect`() throws {
    let server = try RedisServer()
    // The first replica of all has the server begin a new history, without need: that's another identity, too.
    let replicas = [try RedisServer.replica(of: server)]
    let first = try RedisClient.of(server.address)
    let second = try RedisClient.of("localhost:\(server.port)") { $0.clientName = "other" }
    let identity = try first.deployment().identity
    #expect(identity.count == 16)
    #expect(try second.deployment().identity == identity)
    try server.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    first.close()
    #expect(try first.deployment().identity == identity)
    try server.cli("FLUSHALL")
    try server.cli("CONFIG", "SET", "maxmemory", "100mb")
    let another = try RedisServer.replica(of: server)
    first.close()
    #expect(try first.deployment().identity == identity)
    for replica in replicas + [another] { replica.kill() }
    first.close()
    #expect(try first.deployment().identity == identity)
    let database = try RedisClient.of(server.address) { $0.database = 1 }
    #expect(try database.deployment().identity != identity)
  }

  @Test(arguments: [false, true]) func `a restart is another identity, whether the data was kept or not`(
    keepsData: Bool
  ) throws {
    let server = try RedisServer(.init(keepsData: keepsData))
    let client = try RedisClient.of(server.address)
    let deployment = try client.deployment()
    _ = try deployment.run(["SET", "key", "value"])
    if keepsData { server.stop() } else { server.kill() }
    try server.start()
    // Nothing that was connected before reaches the new one.
    let error = #expect(throws: RedisError.self) { try deployment.run(["GET", "key"]) }
    #expect(error?.code == .superseded)
    #expect(deployment.isOver)
    let next = try client.eventually()
    #expect(next.identity != deployment.identity)
    #expect(try next.run(["GET", "key"]) == [keepsData ? .string(Array("value".utf8)) : .null])
  }

  @Test func `a master that becomes a replica ends the deployment at the next write`() throws {
    let master = try RedisServer()
    let other = try RedisServer()
    let client = try RedisClient.of(master.address, other.address)
    let deployment = try client.deployment()
    try master.cli("REPLICAOF", "127.0.0.1", "\(other.port)")
    let error = #expect(throws: RedisError.self) { try deployment.run(["SET", "key", "value"]) }
    #expect(error?.code == .superseded)
    let next = try client.eventually()
    #expect(next.identity != deployment.identity)
    _ = try next.run(["SET", "key", "value"])
    #expect(try other.cli("GET", "key") == "value")
  }

  @Test func `a replica that became the master is another identity`() throws {
    let master = try RedisServer()
    let replica = try RedisServer.replica(of: master)
    let client = try RedisClient.of(master.address, replica.address)
    let deployment = try client.deployment()
    master.kill()
    #expect(throws: RedisError.self) { try deployment.run(["PING"]) }
    try replica.cli("REPLICAOF", "NO", "ONE")
    #expect(try client.eventually().identity != deployment.identity)
  }

  @Test func `a master that was a replica in between is noticed though its connections live`() throws {
    let master = try RedisServer()
    let other = try RedisServer()
    let client = try RedisClient.of(master.address)
    let deployment = try client.deployment()
    _ = try deployment.run(["SET", "key", "value"])
    try master.cli("REPLICAOF", "127.0.0.1", "\(other.port)")
    try Eventually.holds("it has the other's data") { try master.cli("INFO").contains("master_link_status:up") }
    try master.cli("REPLICAOF", "NO", "ONE")
    try Eventually.holds("the deployment is over") {
      _ = try? deployment.run(["GET", "key"])
      return deployment.isOver
    }
    #expect(try client.eventually().identity != deployment.identity)
  }
}
