import Synchronization

/// The connections that no thread serves.
///
/// A connection is watched and entered, or taken out, under one lock, so that a thread which empties the list never
/// meets one that is half of each. There are several lists, so that threads seldom meet at all.
final class IdleConnections: Sendable {
  private final class Shard: Sendable {
    let connections = Mutex<Set<Int32>>([])
  }

  private let shards = (0..<16).map { _ in Shard() }

  private func shard(_ connection: Int32) -> Shard {
    shards[Int(connection) & 15]
  }

  /// Enters a connection where `arm` succeeds in having it watched.
  func insert(_ connection: Int32, arm: () -> Bool) -> Bool {
    shard(connection).connections.withLock {
      guard arm() else { return false }
      $0.insert(connection)
      return true
    }
  }

  /// Takes a connection. False: it has been taken.
  func take(_ connection: Int32) -> Bool {
    shard(connection).connections.withLock { $0.remove(connection) != nil }
  }

  /// Takes all connections that `isWanted` names.
  func takeAll(where isWanted: (Int32) -> Bool) -> [Int32] {
    shards.flatMap { shard in
      shard.connections.withLock { connections in
        let taken = connections.filter(isWanted)
        connections.subtract(taken)
        return Array(taken)
      }
    }
  }

  /// Whether there are none.
  var isEmpty: Bool {
    shards.allSatisfy { $0.connections.withLock { $0.isEmpty } }
  }
}
