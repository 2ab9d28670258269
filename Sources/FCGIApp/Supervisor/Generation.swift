import Glibc

/// The workers of one configuration: places for processes, which are filled again whenever one dies.
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

    /// A place that is filled.
    init(_ child: Child) {
      role = child.role
      self.child = child
      startAt = nil
    }
  }

  let file: ConfigurationFile
  let socket: ListeningSocket
  let places: [Place]

  /// A place for each configured worker.
  /// - Parameter running: workers that run already.
  init(_ file: ConfigurationFile, _ socket: ListeningSocket, running: [Child] = []) {
    self.file = file
    self.socket = socket
    places = running.map(Place.init) + (0..<max(0, file.workers - running.count)).map { _ in Place(.worker) }
  }

  var children: [Child] { places.compactMap(\.child) }

  /// Whether all processes are ready.
  var isReady: Bool { places.allSatisfy { $0.child?.isReady ?? false } }

  /// When the next process has to be started; nil: none has to be.
  var nextStart: ContinuousClock.Instant? { places.compactMap(\.startAt).min() }
}
