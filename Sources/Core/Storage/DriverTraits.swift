/// What a storage driver is like, which decides how the registry uses it.
///
/// Each member is given by every driver: a trait that is wrong loses data or costs much time, and one with a default
/// is easily forgotten.
public struct DriverTraits: Sendable {
  /// The driver's name in the configuration, for logs.
  public var name: String

  /// Whether what was just written may not be found yet, or be found as it was before.
  public var isEventuallyConsistent: Bool

  /// How many calls one task makes at the same time, if it has many: 1 where a call takes microseconds, more where it
  /// waits for another machine.
  public var concurrency: Int

  /// nil: the driver can rename a file in one step and set its modification time. Otherwise (object stores): the times
  /// by which removals are announced (`AnnouncingRemovals`).
  ///
  /// Such storage must show every write and removal to all processes at once. `touch` is not called, and `move` may be
  /// two steps.
  public var removalTiming: RemovalTiming?

  /// The traits of one driver.
  public init(name: String, isEventuallyConsistent: Bool, concurrency: Int, removalTiming: RemovalTiming?) {
    self.name = name
    self.isEventuallyConsistent = isEventuallyConsistent
    self.concurrency = concurrency
    self.removalTiming = removalTiming
  }
}

extension StorageDriver {
  /// See ``DriverTraits/name``.
  public var name: String { traits.name }

  /// See ``DriverTraits/isEventuallyConsistent``.
  public var isEventuallyConsistent: Bool { traits.isEventuallyConsistent }

  /// See ``DriverTraits/concurrency``.
  public var concurrency: Int { traits.concurrency }

  /// See ``DriverTraits/removalTiming``.
  public var removalTiming: RemovalTiming? { traits.removalTiming }
}
