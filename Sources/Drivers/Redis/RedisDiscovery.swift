import Core

/// Finds the master servers behind the configured addresses.
struct RedisDiscovery: Sendable {
  let settings: RedisSettings
  let gate: RedisGate

  /// - Parameter sentinels: asked in turn; the one that answered is moved to the front.
  func find(_ sentinels: inout [RedisAddress]) throws(RedisError) -> RedisDeployment {
    if !settings.masterName.isEmpty { return try findBySentinels(&sentinels) }
    var failures: [RedisError] = []
    for address in settings.addresses {
      do throws(RedisError) {
        let connection = try RedisConnection.opened(to: address, settings, gate)
        switch connection.info?.mode {
        case .cluster:
          return try findCluster(connection)
        case .sentinel:
          throw RedisError(
            .refused, "\(address) is a sentinel", cause: "say which master it is about: redis.mastername")
        case .standalone, nil:
          return deployment([try master(connection)], slots: nil)
        }
      } catch {
        if error.code == .misconfigured { throw error }
        failures.append(error)
      }
    }
    throw RedisDiscovery.summary(failures)
  }

  /// Makes a deployment of verified servers.
  func deployment(_ nodes: [RedisNode], slots: RedisSlotMap?) -> RedisDeployment {
    let servers = nodes.map(\.info.identity).sorted().joined(separator: "\n")
    let digest = ContentHasher.digest(.sha256, of: Array("\(settings.database)\n\(servers)".utf8))
    return RedisDeployment(identity: String(digest.hex.prefix(16)), nodes: nodes, slots: slots, gate: gate)
  }

  /// The server of this connection, if it can serve now.
  func master(_ connection: RedisConnection) throws(RedisError) -> RedisNode {
    guard let info = connection.info, info.isMaster else {
      throw RedisError(.unavailable, "\(connection.address) is not a master")
    }
    guard !info.isLoading else {
      throw RedisError(.unavailable, "\(connection.address) is still loading its data")
    }
    return RedisNode(connection, info, settings, gate)
  }

  /// One error for all. A timeout takes precedence, because each further attempt would take that long again.
  static func summary(_ failures: [RedisError]) -> RedisError {
    let codes = Set(failures.map(\.code))
    let code = codes.contains(.timeout) ? .timeout : codes.count == 1 ? failures[0].code : .unavailable
    guard failures.count != 1 else { return RedisError(code, failures[0].message, cause: failures[0].cause) }
    return RedisError(
      code, "none of the addresses leads to a master", cause: failures.map(\.description).joined(separator: "; "))
  }
}
