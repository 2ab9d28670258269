import Core
import Synchronization

/// One master server of a deployment, and this process' connections to it.
final class RedisNode: Sendable {
  let address: RedisAddress
  /// Identity reported at discovery; later connections must report the same.
  let info: RedisServerInfo
  private let settings: RedisSettings
  private let gate: RedisGate
  private let pool: Monitor<Pool>

  private struct Pool: Sendable {
    /// The most recently used connection is the last.
    var idle: [RedisConnection] = []
    var inUse = 0
    var isClosed = false
  }

  private enum Taken {
    case idle(RedisConnection)
    case place
    case closed
  }

  /// - Parameter connection: the one by which the server was discovered; it goes into the pool.
  init(_ connection: RedisConnection, _ info: RedisServerInfo, _ settings: RedisSettings, _ gate: RedisGate) {
    address = connection.address
    self.info = info
    self.settings = settings
    self.gate = gate
    connection.idleSince = .now
    pool = Monitor(Pool(idle: [connection]))
    gate.statistics.connectionsIdle.add(1, ordering: .relaxed)
  }

  deinit {
    close()
  }

  /// A connection for one pipeline; blocks the thread while all are in use, for the read timeout at the most.
  ///
  /// Throws `.superseded` where the server no longer is the one that was discovered.
  func take() throws(RedisError) -> RedisConnection {
    // Connections in here are closed after the lock was released.
    var stale: [RedisConnection] = []
    defer { stale.removeAll() }
    var taken = pool.withLock { next(&$0, &stale) }
    if taken == nil {
      gate.statistics.poolWaits.add(1, ordering: .relaxed)
      taken = pool.wait(until: .now + settings.readTimeout) { next(&$0, &stale) }
    }
    switch taken {
    case .idle(let connection): return connection
    case .place: return try connect()
    case .closed: throw RedisError(.superseded, "\(address) is not used any more")
    case nil:
      throw RedisError(.busy, "all \(settings.poolSize) connections to \(address) were in use for too long")
    }
  }

  /// Takes a connection back; one that failed, or has answers to come, is closed.
  func give(_ connection: RedisConnection) {
    connection.idleSince = .now
    let isKept = pool.withLock { pool in
      pool.inUse -= 1
      let isKept =
        connection.isClean && !pool.isClosed && pool.idle.count < settings.maxIdleConnections ?? settings.poolSize
      if isKept { pool.idle.append(connection) }
      return isKept
    }
    gate.statistics.connectionsInUse.subtract(1, ordering: .relaxed)
    if isKept { gate.statistics.connectionsIdle.add(1, ordering: .relaxed) }
    pool.signal()
  }

  /// Closes all connections, those in use when they come back.
  func close() {
    let idle = pool.withLock { pool in
      pool.isClosed = true
      defer { pool.idle = [] }
      return pool.idle
    }
    gate.statistics.connectionsIdle.subtract(Int64(idle.count), ordering: .relaxed)
    pool.broadcast()
  }

  /// nil: all are in use.
  private func next(_ pool: inout Pool, _ stale: inout [RedisConnection]) -> Taken? {
    if pool.isClosed { return .closed }
    while let connection = pool.idle.popLast() {
      gate.statistics.connectionsIdle.subtract(1, ordering: .relaxed)
      let isOld = settings.maxIdleTime.map { .now - connection.idleSince > $0 } ?? false
      guard !isOld, connection.isQuiet else {
        stale.append(connection)
        continue
      }
      take(&pool)
      return .idle(connection)
    }
    guard pool.inUse < settings.poolSize else { return nil }
    take(&pool)
    return .place
  }

  private func take(_ pool: inout Pool) {
    pool.inUse += 1
    gate.statistics.connectionsInUse.add(1, ordering: .relaxed)
  }

  private func connect() throws(RedisError) -> RedisConnection {
    do throws(RedisError) {
      let connection = try RedisConnection.opened(to: address, settings, gate)
      guard let found = connection.info, found.identity == info.identity, found.isMaster, !found.isLoading else {
        throw RedisError(.superseded, "\(address) was restarted, or changed its role")
      }
      return connection
    } catch {
      pool.withLock { $0.inUse -= 1 }
      gate.statistics.connectionsInUse.subtract(1, ordering: .relaxed)
      pool.signal()
      throw error
    }
  }
}
