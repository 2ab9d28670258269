import NIOConcurrencyHelpers

/// The connections that no thread serves.
///
/// A connection is watched and entered, or taken out, under one lock, so that a thread which empties the list never
/// meets one that is half of each. There are several lists, so that threads seldom meet at all.
final class IdleConnections: Sendable {
  private let shards = (0..<16).map { _ in NIOLockedValueBox<Set<Int32>>([]) }

  private func shard(_ connection: Int32) -> NIOLockedValueBox<Set<Int32>> {
    shards[Int(connection) & 15]
  }

  /// Enters a connection where `arm` succeeds in having it watched.
  func insert(_ connection: Int32, arm: () -> Bool) -> Bool {
    shard(connection).withLockedValue {
      guard arm() else { return false }
      $0.insert(connection)
      return true
    }
  }

  /// Takes a connection. False: it has been taken.
  func take(_ connection: Int32) -> Bool {
    shard(connection).withLockedValue { $0.remove(connection) != nil }
  }

  /// Takes all connections that `isWanted` names.
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
