import NIOConcurrencyHelpers

/// The connections that no thread serves.
///
/// A connection is watched and entered, or removed, under one lock, so that a thread that empties the list never finds
/// a connection in between. There are several lists, to reduce contention.
final class IdleConnections: Sendable {
  private let shards = (0..<16).map { _ in NIOLockedValueBox<Set<Int32>>([]) }

  private func shard(_ connection: Int32) -> NIOLockedValueBox<Set<Int32>> {
    shards[Int(connection) & 15]
  }

  /// Enters a connection, if `arm`, which watches it, succeeds.
  func insert(_ connection: Int32, arm: () -> Bool) -> Bool {
    shard(connection).withLockedValue {
      guard arm() else { return false }
      $0.insert(connection)
      return true
    }
  }

  /// Removes a connection. False: another thread has taken it.
  func take(_ connection: Int32) -> Bool {
    shard(connection).withLockedValue { $0.remove(connection) != nil }
  }

  /// Removes and returns all connections for which `isWanted` returns true.
  func takeAll(where isWanted: (Int32) -> Bool) -> [Int32] {
    shards.flatMap { shard in
      shard.withLockedValue { connections in
        let taken = connections.filter(isWanted)
        connections.subtract(taken)
        return Array(taken)
      }
    }
  }

  /// Whether there are none.
  var isEmpty: Bool {
    shards.allSatisfy { $0.withLockedValue { $0.isEmpty } }
  }
}
