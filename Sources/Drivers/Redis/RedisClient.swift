public import Core
import Glibc
public import Logging

/// A client of Redis: one server, a master that sentinels name, or a cluster. Blocks the threads that use it, for the
/// configured timeouts at the most, and not at all while Redis is known to be unavailable.
public final class RedisClient: Sendable {
  /// Counters, and the numbers of connections now.
  public var statistics: RedisStatistics { gate.statistics }
  private let settings: RedisSettings
  private let gate: RedisGate
  private let state: Monitor<State>

  private struct State: Sendable {
    var current: RedisDeployment?
    /// In the order in which they are asked.
    var sentinels: [RedisAddress]
    /// Whether a thread looks for the servers now.
    var isSearching = false
    /// How often the servers were searched. `outcome` has the last result.
    var searches = 0
    var outcome: Result<RedisDeployment, RedisError>?
  }

  private enum Turn {
    case ready(RedisDeployment)
    /// Search, beginning with these sentinels.
    case search([RedisAddress])
    /// Wait for the result of the search after this many.
    case wait(Int)
  }

  /// Connects to nothing yet. Throws `.misconfigured`, with the key, where the configuration can't be right.
  public init(
    _ configuration: Configuration.Redis, logger: Logger, statistics: RedisStatistics = RedisStatistics()
  ) throws(RedisError) {
    settings = try RedisSettings(configuration)
    gate = RedisGate(statistics, logger)
    state = Monitor(State(sentinels: settings.addresses))
    // hiredis uses write(2): without this, SIGPIPE would end the process when a server closes the connection.
    var action = sigaction()
    if sigaction(SIGPIPE, nil, &action) == 0, action.__sigaction_handler.sa_handler == nil { signal(SIGPIPE, SIG_IGN) }
    gate.setProber { [weak self] in self?.probe() ?? false }
  }

  deinit {
    close()
  }

  /// Throws `.misconfigured`, with the key, where the configuration can't be right whatever the servers do.
  public static func check(_ configuration: Configuration.Redis) throws(RedisError) {
    _ = try RedisSettings(configuration)
  }

  /// The servers as they are known now; connects if necessary. Throws `.unavailable` at once while the breaker is open
  /// because Redis failed a moment ago.
  public func deployment() throws(RedisError) -> RedisDeployment {
    try gate.pass()
    let turn = state.withLock { state -> Turn in
      if let current = state.current, !current.isOver { return .ready(current) }
      return RedisClient.turn(&state)
    }
    switch turn {
    case .ready(let deployment): return deployment
    case .search(let sentinels): return try search(sentinels).get()
    case .wait(let searches): return try outcome(after: searches).get()
    }
  }

  /// Closes all connections; those in use when their work is done. The client can still be used.
  public func close() {
    state.withLock { $0.current }?.end()
  }

  private static func turn(_ state: inout State) -> Turn {
    if state.isSearching { return .wait(state.searches) }
    state.isSearching = true
    return .search(state.sentinels)
  }

  /// Waits for the result of another thread's search.
  private func outcome(after searches: Int) -> Result<RedisDeployment, RedisError> {
    let patience = settings.dialTimeout + settings.readTimeout
    let outcome = state.wait(until: .now + patience) { state in state.searches > searches ? state.outcome : nil }
    if let outcome { return outcome }
    // Stored, so that the next thread does not wait as well.
    let error = RedisError(.timeout, "Redis' servers were not found within \(patience)")
    gate.note(error)
    return .failure(error)
  }

  private func search(_ sentinels: [RedisAddress]) -> Result<RedisDeployment, RedisError> {
    var sentinels = sentinels
    let found: Result<RedisDeployment, RedisError>
    do throws(RedisError) {
      found = .success(try RedisDiscovery(settings: settings, gate: gate).find(&sentinels))
      gate.noteSuccess()
    } catch {
      found = .failure(error)
      gate.note(error)
    }
    let (outcome, superfluous) = state.withLock { state in
      state.sentinels = sentinels
      state.isSearching = false
      state.searches += 1
      let superfluous = RedisClient.install(found, in: &state)
      return (state.outcome ?? found, superfluous)
    }
    state.broadcast()
    superfluous?.end()
    return outcome
  }

  /// - Returns: the deployment that is not used any more.
  private static func install(_ found: Result<RedisDeployment, RedisError>, in state: inout State) -> RedisDeployment? {
    guard case .success(let deployment) = found else {
      state.outcome = found
      return nil
    }
    if let current = state.current, !current.isOver, current.identity == deployment.identity {
      // Nothing has changed: keep the existing connections.
      state.outcome = .success(current)
      return deployment
    }
    defer { state.current = deployment }
    state.outcome = found
    return state.current
  }

  /// Whether Redis can be used again.
  private func probe() -> Bool {
    let turn = state.withLock { RedisClient.turn(&$0) }
    let outcome: Result<RedisDeployment, RedisError>? =
      switch turn {
      case .ready: nil
      case .search(let sentinels): search(sentinels)
      case .wait(let searches): outcome(after: searches)
      }
    if case .success = outcome { return true }
    return false
  }
}
