import Core
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import RedisCache

/// A real cluster.
@Suite(.ownThread, .serialized) struct RedisClusterTests {
  private static func client(_ cluster: RedisCluster) throws -> RedisClient {
    try RedisClient.of(timeout: .seconds(5)) { $0.addresses = cluster.addresses }
  }

  @Test func `each key goes to its server, and the answers come in order`() throws {
    let cluster = try RedisCluster()
    let client = try Self.client(cluster)
    let deployment = try client.deployment()
    #expect(deployment.nodes.count == 3)
    let sets = (0..<300).map { RedisCommand(["SET", "key\($0)", "\($0)"]) }
    #expect(try deployment.run(sets) == Array(repeating: .status("OK"), count: 300))
    let gets = (0..<300).map { RedisCommand(["GET", "key\($0)"]) }
    #expect(try deployment.run(gets).map(\.text) == (0..<300).map { "\($0)" })
    // A pipeline is one round trip for each server.
    #expect(client.statistics.snapshot.roundTrips == 6)
    #expect(client.statistics.snapshot.redirects == 0)
    #expect(
      try deployment.run(["MSET", "{tag}a", "1", "{tag}b", "2"], ["MGET", "{tag}b", "{tag}a"])[1]
        == .array([.string([50]), .string([49])]))
    guard case .error(let text) = try deployment.run(["MGET", "a", "b"])[0] else {
      Issue.record("no error")
      return
    }
    #expect(text.hasPrefix("CROSSSLOT"))
    // One address is enough, whichever it is, and the identity is that of all.
    for address in cluster.addresses {
      let other = try RedisClient.of(address)
      #expect(try other.deployment().identity == deployment.identity)
      #expect(try other.run(["GET", "key7"])[0].text == "7")
    }
    let database = #expect(throws: RedisError.self) {
      try RedisClient.of(cluster.addresses[0]) { $0.database = 1 }.deployment()
    }
    #expect(database?.description.contains("redis.db") == true || database?.code == .refused)
  }

  @Test func `slots that move while they are used are followed`() throws {
    let cluster = try RedisCluster()
    let client = try Self.client(cluster)
    let deployment = try client.deployment()
    let isOver = Atomic(false)
    let rounds = Atomic(0)
    let wrong = Mutex<[String]>([])
    let group = DispatchGroup()
    for thread in 0..<4 {
      group.enter()
      Thread {
        defer { group.leave() }
        var round = 0
        while !isOver.load(ordering: .relaxed) {
          round += 1
          rounds.add(1, ordering: .relaxed)
          let keys = (0..<60).map { "\(thread)-\($0)" }
          do throws(RedisError) {
            let set = try deployment.run(keys.map { RedisCommand(["SET", $0, "\(round)"]) })
            let got = try deployment.run(keys.map { RedisCommand(["GET", $0]) })
            if set.contains(where: { $0 != .status("OK") }) || got.contains(where: { $0.text != "\(round)" }) {
              wrong.withLock { $0.append("\(set) \(got)") }
            }
          } catch {
            wrong.withLock { $0.append("\(error)") }
          }
        }
      }.start()
    }
    try Eventually.holds("there is load") { rounds.load(ordering: .relaxed) > 20 }
    try cluster.moveSlots(300, from: 0, to: 1)
    try cluster.moveSlots(300, from: 2, to: 0)
    isOver.store(true, ordering: .relaxed)
    group.wait()
    #expect(wrong.withLock { $0 } == [])
    #expect(client.statistics.snapshot.redirects > 0)
    #expect(try client.deployment() === deployment)
    // The map was brought up to date on the way.
    let keys = (0..<60).map { RedisCommand(["GET", "0-\($0)"]) }
    let redirects = client.statistics.snapshot.redirects
    _ = try deployment.run(keys)
    #expect(client.statistics.snapshot.redirects == redirects)
  }

  @Test func `a key of a slot that is on its way is asked for where it is`() throws {
    let cluster = try RedisCluster()
    let client = try Self.client(cluster)
    let deployment = try client.deployment()
    let key = "{foo}here"
    let slot = try #require(RedisCommand(["GET", key]).slot?.number)
    _ = try deployment.run(["SET", key, "1"])
    let source = try #require(try cluster.owner(of: slot))
    let target = (source + 1) % 3
    try cluster.nodes[target].cli("CLUSTER", "SETSLOT", "\(slot)", "IMPORTING", cluster.id(of: source))
    try cluster.nodes[source].cli("CLUSTER", "SETSLOT", "\(slot)", "MIGRATING", cluster.id(of: target))
    // One that isn't there is the target's already.
    let replies = try deployment.run(["GET", key], ["SET", "{foo}new", "2"], ["GET", "{foo}new"], ["GET", "other"])
    #expect(replies.map(\.text) == ["1", "OK", "2", nil])
    #expect(client.statistics.snapshot.redirects == 2)
    guard case .error(let text) = try deployment.run(["MGET", key, "{foo}new"])[0] else {
      Issue.record("no error")
      return
    }
    #expect(text.hasPrefix("TRYAGAIN"))
    #expect(try client.deployment() === deployment)
  }

  @Test func `a server that is lost ends the deployment, and its replica is another identity`() throws {
    let cluster = try RedisCluster(replicas: true)
    let client = try Self.client(cluster)
    let deployment = try client.deployment()
    _ = try deployment.run((0..<100).map { RedisCommand(["SET", "key\($0)", "\($0)"]) })
    cluster.kill(1)
    let gets = (0..<100).map { RedisCommand(["GET", "key\($0)"]) }
    #expect(throws: RedisError.self) { try deployment.run(gets) }
    #expect(deployment.isOver)
    try cluster.waitUntilWhole()
    try Eventually.holds("all keys are served again") {
      guard let replies = try? client.deployment().run(gets) else { return false }
      return replies.allSatisfy { if case .error = $0 { false } else { true } }
    }
    #expect(try client.deployment().identity != deployment.identity)
  }

  @Test func `a server that hangs is waited for once, and goes on being the same`() throws {
    let cluster = try RedisCluster()
    let client = try RedisClient.of(timeout: .seconds(1)) { $0.addresses = cluster.addresses }
    let deployment = try client.eventually()
    let gets = (0..<100).map { RedisCommand(["GET", "key\($0)"]) }
    cluster.nodes[1].pause()
    #expect(throws: RedisError.self) { try deployment.run(gets) }
    try Eventually.holds("nobody waits") {
      guard let error = #expect(throws: RedisError.self, performing: { try client.deployment().run(gets) }) else {
        return true
      }
      return error.description.contains("a moment ago")
    }
    cluster.nodes[1].resume()
    try Eventually.holds("all keys are served again") {
      (try? client.deployment().run(gets)) == Array(repeating: .null, count: 100)
    }
    #expect(try client.deployment().identity == deployment.identity)
  }

  @Test func `a slot that goes to a server that had none is found anew`() throws {
    let cluster = try RedisCluster()
    // One that loses its last slot for a moment, until all agree, is not to become a replica.
    let other = try RedisServer(
      .init(arguments: [
        "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-allow-replica-migration", "no",
      ]))
    let client = try Self.client(cluster)
    let deployment = try client.deployment()
    _ = try ChildProcess.output(["/usr/bin/redis-cli", "--cluster", "add-node", other.address, cluster.addresses[0]])
    try Eventually.holds("all know it") {
      try cluster.nodes.allSatisfy { try $0.cli("CLUSTER", "NODES").contains(":\(other.port)@") }
    }
    let slot = try #require(RedisCommand(["GET", "foo"]).slot?.number)
    let id = try other.cli("CLUSTER", "MYID")
    let give = {
      // A handshake that a busy machine holds up is given up.
      for node in cluster.nodes where (try? node.cli("CLUSTER", "NODES").contains(":\(other.port)@")) == false {
        _ = try? other.cli("CLUSTER", "MEET", "127.0.0.1", "\(node.port)")
      }
      for node in [other] + cluster.nodes { _ = try? node.cli("CLUSTER", "SETSLOT", "\(slot)", "NODE", id) }
      // Or who has had it before may win.
      _ = try? other.cli("CLUSTER", "BUMPEPOCH")
    }
    // The nodes take a moment to agree, and on a busy machine they may lose sight of each other. Nothing is written
    // before: a node that has a key does not give up its slot.
    var obstacle = ""
    do {
      try Eventually.holds("it is found that it serves the slot") {
        give()
        do {
          let replies = try client.run(["GET", "foo"])
          let nodes = try client.deployment().nodes.count
          obstacle = "\(replies), \(nodes) nodes"
          return replies == [.null] && nodes == 4
        } catch {
          obstacle = "\(error)"
          return false
        }
      }
    } catch {
      let views = try ([other] + cluster.nodes).map { try $0.cli("CLUSTER", "NODES") }
      Issue.record("\(error): \(obstacle)\n\(views.joined(separator: "\n\n"))")
      return
    }
    #expect(deployment.isOver)
    try Eventually.holds("it takes a key") {
      (try? client.run(["SET", "foo", "1"])) == [.status("OK")] && (try? other.cli("GET", "foo")) == "1"
    }
    #expect(try client.deployment().identity != deployment.identity)
  }
}
