import Foundation
import Synchronization

/// A master, two replicas and three sentinels that watch them.
package final class RedisSentinels: Sendable {
  /// The first one was the master at the start.
  package let servers: [RedisServer]
  package let sentinelPorts: [UInt16]
  package let masterName = "registry"
  private let folder: TemporaryFolder
  private let sentinels: [ChildProcess]

  /// Starts all and waits until they know each other.
  package init() throws {
    let folder = try TemporaryFolder()
    let master = try RedisServer()
    let servers = [master, try RedisServer.replica(of: master), try RedisServer.replica(of: master)]
    var ports: [UInt16] = []
    var sentinels: [ChildProcess] = []
    for index in 0..<3 {
      let port = try FreePort.next()
      let configuration = """
        bind 127.0.0.1
        port \(port)
        dir \(folder.path)
        sentinel monitor \(masterName) 127.0.0.1 \(master.port) 2
        sentinel down-after-milliseconds \(masterName) 1000
        sentinel failover-timeout \(masterName) 3000

        """
      try configuration.write(toFile: folder / "sentinel\(index).conf", atomically: true, encoding: .utf8)
      sentinels.append(
        try ChildProcess(
          ["/usr/bin/redis-server", folder / "sentinel\(index).conf", "--sentinel"],
          log: folder / "sentinel\(index).log"))
      ports.append(port)
    }
    self.folder = folder
    self.servers = servers
    self.sentinels = sentinels
    sentinelPorts = ports
    for port in ports {
      try Eventually.holds("the sentinels know each other") {
        guard let quorum = try? Self.ask(port, "ckquorum", masterName), quorum.hasPrefix("OK 3") else { return false }
        return try Self.ask(port, "replicas", masterName).split(separator: "\n").count { $0 == "name" } == 2
      }
    }
  }

  /// `127.0.0.1:port` of each sentinel.
  package var addresses: [String] { sentinelPorts.map { "127.0.0.1:\($0)" } }

  /// The server that a sentinel calls the master.
  package func master() throws -> RedisServer? {
    let port = try Self.ask(sentinelPorts[0], "get-master-addr-by-name", masterName).split(separator: "\n").last
    return servers.first { port.map(String.init) == "\($0.port)" }
  }

  /// Ends the master at once, and waits until another one has its place.
  package func failOver() throws {
    guard let old = try master() else { throw WireClient.Failure(description: "no sentinel knows the master") }
    old.kill()
    try Eventually.holds("another server is the master") {
      guard let new = try master(), new !== old else { return false }
      return try new.cli("ROLE").hasPrefix("master")
    }
  }

  /// Ends one sentinel.
  package func killSentinel(_ index: Int) {
    sentinels[index].stop(signal: SIGKILL)
  }

  private static func ask(_ port: UInt16, _ arguments: String...) throws -> String {
    try ChildProcess.output(["/usr/bin/redis-cli", "-p", "\(port)", "sentinel"] + arguments)
  }
}
