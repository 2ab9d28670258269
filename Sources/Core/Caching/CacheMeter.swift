/// Counts what caches do, for all processes of a service together.
public struct CacheMeter: Sendable {
  /// What is counted.
  public enum Event: Int, Sendable, CaseIterable {
    /// Descriptors that were remembered.
    case hits
    /// Descriptors that had to be looked for in the storage.
    case misses
    /// Removals of which caches were informed. Each one voids all entries of `inmemory` caches.
    case removals
    /// Calls of a cache server that failed.
    case errors
    /// Round trips to cache servers.
    case roundTrips
    /// Nanoseconds that these took.
    case nanoseconds
    /// Connections that were made to cache servers.
    case connections
    /// Calls that waited for a free connection.
    case waits
    /// Manifests that were read from memory.
    case manifestHits
    /// Manifests that were read from the storage.
    case manifestMisses
  }

  private let add: @Sendable (Event, UInt64) -> Void

  /// Adds to counters that the caller keeps.
  public init(_ add: @escaping @Sendable (Event, UInt64) -> Void) {
    self.add = add
  }

  /// Counts nothing.
  public static let none = CacheMeter { _, _ in }

  /// Adds what has happened.
  public func count(_ event: Event, _ number: some BinaryInteger) {
    if number > 0 { add(event, UInt64(number)) }
  }
}
