extension RedisDiscovery {
  /// The master that a sentinel names, if that server reports itself as master: after a failover the sentinels and the
  /// servers take a moment to agree.
  func findBySentinels(_ sentinels: inout [RedisAddress]) throws(RedisError) -> RedisDeployment {
    var failures: [RedisError] = []
    for (index, sentinel) in sentinels.enumerated() {
      do throws(RedisError) {
        let address = try askSentinel(sentinel)
        let node = try master(RedisConnection.opened(to: address, settings, gate))
        sentinels.insert(sentinels.remove(at: index), at: 0)
        return deployment([node], slots: nil)
      } catch {
        failures.append(error)
      }
    }
    throw RedisDiscovery.summary(failures)
  }

  private func askSentinel(_ sentinel: RedisAddress) throws(RedisError) -> RedisAddress {
    let connection = try RedisConnection.openedSentinel(sentinel, settings)
    let reply = try connection.ask(
      RedisCommand(["SENTINEL", "get-master-addr-by-name", settings.masterName], keyIndex: nil))
    if reply == .null {
      throw RedisError(
        .refused, "sentinel \(sentinel) knows no master '\(settings.masterName)'", cause: "redis.mastername")
    }
    guard case .array(let parts) = reply, parts.count == 2, let host = parts[0].text,
      let port = parts[1].text.flatMap({ UInt16($0) }),
      let address = RedisAddress(announcedHost: host, port: port, by: sentinel)
    else { throw RedisError(.protocolError, "sentinel \(sentinel) names no address") }
    return address
  }
}
