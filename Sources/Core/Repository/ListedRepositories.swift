import NIOConcurrencyHelpers

/// Repositories of one directory that are in the catalog and have no others below them, each as long as its own
/// directory has the token.
///
/// A page looks at a hundred of them while other threads do the same in the same order, so they are had all at once:
/// with a lock for each, whoever is interrupted while he holds one stops all others.
final class ListedRepositories: Sendable {
  private let tokens = NIOLockedValueBox<[String: Sighting]>([:])

  /// What was seen of one.
  struct Sighting: Sendable, Equatable {
    /// Of the repository's directory, from before that.
    var token: ChangeToken
    /// When that was.
    var at: ContinuousClock.Instant
  }

  /// All of them, by the last component of their names.
  var all: [String: Sighting] { tokens.withLockedValue { $0 } }

  /// Adds some, or later sightings. Where there are more than `limit`, the former ones are forgotten.
  /// - Returns: how many there are.
  func add(_ learnt: [String: Sighting], limit: Int) -> Int {
    tokens.withLockedValue { tokens in
      tokens.merge(learnt) { $1 }
      if tokens.count > limit { tokens = learnt }
      return tokens.count
    }
  }
}
