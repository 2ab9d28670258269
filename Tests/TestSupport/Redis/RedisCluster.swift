import Foundation

/// A cluster of three masters, with or without a replica each.
package final class RedisCluster: Sendable {
  /// Masters at the start, then their replicas.
  package let nodes: [RedisServer]

  /// Starts all and waits until they serve.
  package init(replicas: Bool = false) throws {
    let options = RedisServer.Options(arguments: [
      "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-node-timeout", "1000",
    ])
    nodes = try (0..<(replicas ? 6 : 3)).map { _ in try RedisServer(options) }
    _ = try ChildProcess.output(
      ["/usr/bin/redis-cli", "--cluster", "create"] + nodes.map(\.address)
        + ["--cluster-replicas", replicas ? "1" : "0", "--cluster-yes"])
    try waitUntilWhole()
  }

  /// `127.0.0.1:port` of each.
  package var addresses: [String] { nodes.map(\.address) }

  /// Waits until all nodes that run agree that all slots are served.
  package func waitUntilWhole() throws {
    for node in nodes where node.processID != nil {
      try Eventually.holds("the cluster is whole") {
        let info = try node.cli("CLUSTER", "INFO")
        guard info.contains("cluster_state:ok"), info.contains("cluster_slots_ok:16384") else { return false }
        return try !node.cli("INFO", "replication").contains("master_link_status:down")
      }
    }
  }

  /// Ends one at once.
  package func kill(_ node: Int) {
    nodes[node].kill()
  }

  /// Moves slots, and the keys in them, from one master to another while both serve.
  package func moveSlots(_ count: Int, from source: Int, to target: Int) throws {
    _ = try ChildProcess.output([
      "/usr/bin/redis-cli", "--cluster", "reshard", nodes[source].address, "--cluster-from", id(of: source),
      "--cluster-to", id(of: target), "--cluster-slots", "\(count)", "--cluster-yes",
    ])
  }

  /// The node's name among the others.
  package func id(of node: Int) throws -> String {
    try nodes[node].cli("CLUSTER", "MYID")
  }

  /// Which node has a slot, as the first one that runs knows it.
  package func owner(of slot: Int) throws -> Int? {
    guard let node = nodes.first(where: { $0.processID != nil }) else { return nil }
    // One line for each part: first, last, host, port, id, and the replicas.
    for line in try node.cli("CLUSTER", "NODES").split(separator: "\n") {
      let fields = line.split(separator: " ")
      for range in fields.dropFirst(8) {
        let ends = range.split(separator: "-").compactMap { Int($0) }
        guard let first = ends.first, let last = ends.last, (first...last).contains(slot) else { continue }
        return try nodes.indices.first { try nodes[$0].processID != nil && id(of: $0) == fields[0] }
      }
    }
    return nil
  }
}
