/// The times that those go by who remove, and those who rely on what is there, on storage that can't move a file in one
/// step (``StorageDriver/removalTiming``). They are the same for all who share a storage.
public struct RemovalTiming: Sendable, Equatable {
  /// How long it holds what was read of the notices, counted from the moment before it was read.
  public var lease = Duration.seconds(1)
  /// How often they are read, while somebody relies on something.
  public var renewal = Duration.milliseconds(500)
  /// What whoever removes waits beyond the lease.
  public var margin = Duration.milliseconds(200)
  /// How long after a notice was written a removal may begin.
  public var life = Duration.seconds(20)
  /// How old a notice is, by the storage's clock or by how long a process has known it, that a process has left which died: well beyond all that may still
  /// be under way, with every request of a removal sent as often, and waited for as long, as a driver does.
  public var expiry = Duration.seconds(600)
  /// How long a request waits for a notice to go.
  public var patience = Duration.seconds(30)
  /// How often it looks meanwhile.
  public var poll = Duration.milliseconds(200)
  /// For how long a process does not make a claim again: each is an object that is written.
  public var claimInterval = Duration.seconds(300)
  /// How much earlier than it is a time of the storage's may be: it counts whole seconds, and its servers have clocks of
  /// their own.
  public var imprecision = Duration.seconds(5)

  /// Those of production.
  public init() {}

  /// What a collection adds to the grace, so that whoever goes by a claim that was made before is safe.
  var claimAllowance: Duration { claimInterval + imprecision }
}
