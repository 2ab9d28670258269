import Glibc

/// Whether SIGINT or SIGTERM arrived. While this object exists, these signals do not end the process.
final class Interruption {
  private let signals: SignalDescriptor
  private var looked = ContinuousClock.now
  private var isSeen = false

  init() throws {
    signals = try SignalDescriptor([SIGINT, SIGTERM])
  }

  /// Cheap to read often: looks for signals only every 10 milliseconds.
  var isPending: Bool {
    let now = ContinuousClock.now
    guard !isSeen, now - looked >= .milliseconds(10) else { return isSeen }
    looked = now
    isSeen = signals.next() != nil
    return isSeen
  }
}
