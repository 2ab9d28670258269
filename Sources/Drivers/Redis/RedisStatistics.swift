import Synchronization

/// Counters of a client, which only grow, and its numbers of connections.
public final class RedisStatistics: Sendable {
  let roundTrips = Atomic<UInt64>(0)
  let roundTripNanoseconds = Atomic<UInt64>(0)
  let errors = Atomic<UInt64>(0)
  let timeouts = Atomic<UInt64>(0)
  let connects = Atomic<UInt64>(0)
  let poolWaits = Atomic<UInt64>(0)
  let breakerOpenings = Atomic<UInt64>(0)
  let redirects = Atomic<UInt64>(0)
  let connectionsInUse = Atomic<Int64>(0)
  let connectionsIdle = Atomic<Int64>(0)

  /// Nothing yet.
  public init() {}

  /// One moment's values.
  public struct Snapshot: Sendable, Equatable {
    /// Pipelines that one server answered.
    public var roundTrips: UInt64
    /// How long these took together.
    public var roundTripNanoseconds: UInt64
    /// Failures of any kind, timeouts included. What a server answered to one command is none.
    public var errors: UInt64
    /// Failures because no answer came in time.
    public var timeouts: UInt64
    /// Connections that were made.
    public var connects: UInt64
    /// Times that a thread had to wait for a connection.
    public var poolWaits: UInt64
    /// How often the breaker opened.
    public var breakerOpenings: UInt64
    /// Commands that a cluster sent elsewhere.
    public var redirects: UInt64
    /// Connections that a thread is using.
    public var connectionsInUse: Int64
    /// Connections that no thread is using.
    public var connectionsIdle: Int64
  }

  /// The values now.
  public var snapshot: Snapshot {
    Snapshot(
      roundTrips: roundTrips.load(ordering: .relaxed),
      roundTripNanoseconds: roundTripNanoseconds.load(ordering: .relaxed),
      errors: errors.load(ordering: .relaxed),
      timeouts: timeouts.load(ordering: .relaxed),
      connects: connects.load(ordering: .relaxed),
      poolWaits: poolWaits.load(ordering: .relaxed),
      breakerOpenings: breakerOpenings.load(ordering: .relaxed),
      redirects: redirects.load(ordering: .relaxed),
      connectionsInUse: connectionsInUse.load(ordering: .relaxed),
      connectionsIdle: connectionsIdle.load(ordering: .relaxed))
  }

  func note(_ error: RedisError) {
    errors.add(1, ordering: .relaxed)
    if error.code == .timeout { timeouts.add(1, ordering: .relaxed) }
  }
}
