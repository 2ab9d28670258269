/// Times of the removal protocol (docs/internals/removal.md). They must be the same in all processes that share a
/// storage.
public struct RemovalTiming: Sendable, Equatable {
  /// How long a reading of the notices may be used, from before it began.
  public var lease = Duration.seconds(1)
  /// How often notices are read while requests need them.
  public var renewal = Duration.milliseconds(500)
  /// What a removal waits beyond the lease.
  public var margin = Duration.milliseconds(200)
  /// How long after its notice was written a removal may begin.
  public var life = Duration.seconds(20)
  /// Age at which the notice of a process that died no longer counts: by the storage's clock, or by how long a process
  /// has known it. Longer than any removal can last, with all retries and timeouts of the driver.
  public var expiry = Duration.seconds(600)
  /// How long a request waits for a notice to be withdrawn.
  public var patience = Duration.seconds(30)
  /// Interval at which a waiting request reads the notices.
  public var poll = Duration.milliseconds(200)
  /// How long a process does not write the same claim again: each is an object that has to be written.
  public var claimInterval = Duration.seconds(300)
  /// How far back a time of the store may lie: it counts whole seconds, and its servers' clocks differ.
  public var imprecision = Duration.seconds(5)

  /// The values for production.
  public init() {}

  /// What a collection adds to the grace, for processes that still rely on a claim that they made earlier.
  var claimAllowance: Duration { claimInterval + imprecision }
}
