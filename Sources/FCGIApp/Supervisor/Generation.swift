import Glibc

/// What runs on one configuration: places for processes, which are filled again whenever one dies.
final class Generation {
  /// One place.
  final class Place {
    let role: Child.Role
    var child: Child?
    var backoff = Backoff()
    /// When the next process is to be started; nil while there is one.
    var startAt: ContinuousClock.Instant? = .now

    init(_ role: Child.Role) {
      self.role = role
    }
  }

  let file: ConfigurationFile
  let socket: ListeningSocket
  let places: [Place]

  /// A worker for each that the configuration asks for, and the keeper where `withKeeper`.
  init(_ file: ConfigurationFile, _ socket: ListeningSocket) {
    self.file = file
    self.socket = socket
    places = (0..<file.workers).map { _ in Place(.worker) }
  }

  var children: [Child] { places.compactMap(\.child) }

  /// Whether all processes do their work.
  var isReady: Bool { places.allSatisfy { $0.child?.isReady ?? false } }

  /// When something is to be done next.
  var nextStart: ContinuousClock.Instant? { places.compactMap(\.startAt).min() }
}
