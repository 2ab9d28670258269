import NIOConcurrencyHelpers

/// Repositories of one directory that are in the catalog and have no others below them. An entry is valid as long as
/// the repository's directory has the token.
///
/// One lock for the whole table: with a lock per repository, a thread that is preempted while it holds one stops all
/// threads that walk in the same order.
final class ListedRepositories: Sendable {
  private let tokens = NIOLockedValueBox<[String: Sighting]>([:])

  /// When a repository was last looked at, and its directory's token.
  struct Sighting: Sendable, Equatable {
    /// The token of the repository's directory, read before looking.
    var token: ChangeToken
    /// When it was looked at.
    var at: ContinuousClock.Instant
  }

  /// All of them, by the last component of their names.
  var all: [String: Sighting] { tokens.withLockedValue { $0 } }

  /// Adds or replaces entries. If there are more than `limit` then, the former ones are dropped.
  /// - Returns: how many there are.
  func add(_ learnt: [String: Sighting], limit: Int) -> Int {
    tokens.withLockedValue { tokens in
      tokens.merge(learnt) { $1 }
      if tokens.count > limit { tokens = learnt }
      return tokens.count
    }
  }
}
