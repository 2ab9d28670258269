import Glibc

/// Whether somebody wants a command to end (Ctrl-C, SIGTERM): those don't end it while this lives.
final class Interruption {
  private let signals: SignalDescriptor
  private var looked = ContinuousClock.now
  private var isSeen = false

  init() throws {
    signals = try SignalDescriptor([SIGINT, SIGTERM])
  }

  /// Looked up every few milliseconds, however often it is asked.
  var isPending: Bool {
    let now = ContinuousClock.now
    guard !isSeen, now - looked >= .milliseconds(10) else { return isSeen }
    looked = now
    isSeen = signals.next() != nil
    return isSeen
  }
}
