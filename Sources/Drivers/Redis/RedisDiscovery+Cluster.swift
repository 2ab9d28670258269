extension RedisDiscovery {
  /// All masters that have slots, according to the server `seed`. Each must answer.
  func findCluster(_ seed: RedisConnection) throws(RedisError) -> RedisDeployment {
    guard settings.database == 0 else {
      throw RedisError(.misconfigured, "redis.db: a cluster has database 0 only")
    }
    let reply = try seed.ask(RedisCommand(["CLUSTER", "SLOTS"], keyIndex: nil))
    guard let ranges = RedisDiscovery.ranges(reply, from: seed.address) else {
      throw RedisError(.protocolError, "\(seed.address) doesn't say which servers its cluster has")
    }
    var nodes: [RedisNode] = []
    var owned: [(slots: ClosedRange<Int>, server: Int)] = []
    for range in ranges {
      if let known = nodes.firstIndex(where: { $0.address == range.master }) {
        owned.append((range.slots, known))
        continue
      }
      let connection =
        try range.master == seed.address && seed.isClean
        ? seed : RedisConnection.opened(to: range.master, settings, gate)
      guard connection.info?.mode == .cluster else {
        throw RedisError(.unavailable, "\(range.master) is not a member of the cluster")
      }
      owned.append((range.slots, nodes.count))
      nodes.append(try master(connection))
    }
    guard let slots = RedisSlotMap(owned) else {
      throw RedisError(.unavailable, "the cluster of \(seed.address) does not serve all slots")
    }
    return deployment(nodes, slots: slots)
  }

  /// Parses the answer to CLUSTER SLOTS; nil where that is malformed.
  static func ranges(
    _ reply: RedisReply, from server: RedisAddress
  ) -> [(slots: ClosedRange<Int>, master: RedisAddress)]? {
    guard case .array(let entries) = reply else { return nil }
    var ranges: [(slots: ClosedRange<Int>, master: RedisAddress)] = []
    for entry in entries {
      guard case .array(let parts) = entry, parts.count >= 3, case .integer(let first) = parts[0],
        case .integer(let last) = parts[1], first >= 0, first <= last, last < RedisSlot.count,
        case .array(let master) = parts[2], master.count >= 2, case .integer(let port) = master[1],
        let port = UInt16(exactly: port), port > 0,
        let address = RedisAddress(announcedHost: master[0].text ?? "", port: port, by: server)
      else { return nil }
      ranges.append((Int(first)...Int(last), address))
    }
    return ranges
  }
}
