import Core
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import RedisCache

/// Many threads and few connections.
@Suite(.ownThread) struct RedisPoolTests {
  /// Runs `body` on threads side by side and waits for all.
  static func threads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let group = DispatchGroup()
    for index in 0..<count {
      group.enter()
      Thread {
        body(index)
        group.leave()
      }.start()
    }
    group.wait()
  }

  @Test func `no more connections than were allowed, and everybody gets their own answers`() throws {
    let server = try RedisServer()
    let client = try RedisClient.of(server.address) { $0.poolSize = 3 }
    let wrong = Mutex<[String]>([])
    Self.threads(24) { thread in
      for round in 0..<200 {
        do {
          let replies = try client.run(
            ["SET", "k\(thread)", "\(round)"], ["GET", "k\(thread)"], ["ECHO", "\(thread)"])
          let expected = [.status("OK"), .string(Array("\(round)".utf8)), RedisReply.string(Array("\(thread)".utf8))]
          if replies != expected { wrong.withLock { $0.append("\(replies)") } }
        } catch {
          wrong.withLock { $0.append("\(error)") }
        }
      }
    }
    #expect(wrong.withLock { $0 } == [])
    let statistics = client.statistics.snapshot
    #expect(statistics.connects <= 3)
    #expect(statistics.roundTrips == 24 * 200)
    #expect(statistics.poolWaits > 0)
    #expect(statistics.connectionsInUse == 0)
    #expect(statistics.connectionsIdle == Int64(statistics.connects))
  }

  @Test func `of idle connections only so many are kept`() throws {
    let server = try RedisServer()
    let client = try RedisClient.of(server.address) {
      $0.poolSize = 8
      $0.maxIdleConnections = 2
    }
    let deployment = try client.deployment()
    Self.threads(8) { _ in
      for _ in 0..<50 { _ = try? deployment.run(["PING"]) }
    }
    #expect((0...2).contains(client.statistics.snapshot.connectionsIdle))
    #expect(client.statistics.snapshot.connectionsInUse == 0)
  }

  @Test func `whoever waits for too long is told, and Redis is not blamed`() throws {
    let server = try RedisServer()
    let client = try RedisClient.of(server.address, timeout: .seconds(1)) { $0.poolSize = 1 }
    let deployment = try client.eventually()
    let connection = try deployment.nodes[0].take()
    let error = #expect(throws: RedisError.self) { try deployment.run(["PING"]) }
    #expect(error?.code == .busy)
    deployment.nodes[0].give(connection)
    // Not left alone: whoever comes next is served.
    #expect(try deployment.run(["PING"]) == [.status("PONG")])
  }
}
