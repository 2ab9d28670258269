import Glibc
import Synchronization

/// Shows a command's progress on standard error: on a terminal in a line that is overwritten, elsewhere in a line every
/// ten seconds. Any task may use it.
final class ProgressLine: Sendable {
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private let state = Mutex(State())

  private struct State {
    var shown = ContinuousClock.now
    var isThere = false
  }

  /// Shows a line, unless one was shown a moment ago.
  func show(_ text: () -> String) {
    let now = ContinuousClock.now
    state.withLock { state in
      guard now - state.shown >= (isTerminal ? .milliseconds(200) : .seconds(10)) else { return }
      state.shown = now
      // Carriage return; erase to the end of the line.
      Descriptor.write(Array((isTerminal ? "\r\(text())\u{1B}[K" : "\(text())\n").utf8), to: STDERR_FILENO)
      state.isThere = isTerminal
    }
  }

  /// Erases the line.
  func clear() {
    state.withLock { state in
      if state.isThere { Descriptor.write(Array("\r\u{1B}[K".utf8), to: STDERR_FILENO) }
      state.isThere = false
    }
  }

  /// Prints a line of the result.
  func print(_ text: String) {
    clear()
    Swift.print(text)
  }
}
