import Glibc

/// Shows on standard error how far a command has come: on a terminal in a line that is written over, elsewhere in a
/// line every ten seconds.
final class ProgressLine {
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private var shown = ContinuousClock.now
  private var isThere = false

  /// Shows a line, unless one was shown a moment ago.
  func show(_ text: () -> String) {
    let now = ContinuousClock.now
    guard now - shown >= (isTerminal ? .milliseconds(200) : .seconds(10)) else { return }
    shown = now
    // Carriage return; erase to the end of the line.
    Descriptor.write(Array((isTerminal ? "\r\(text())\u{1B}[K" : "\(text())\n").utf8), to: STDERR_FILENO)
    isThere = isTerminal
  }

  /// Takes the line away.
  func clear() {
    if isThere { Descriptor.write(Array("\r\u{1B}[K".utf8), to: STDERR_FILENO) }
    isThere = false
  }

  /// Prints a line of the result.
  func print(_ text: String) {
    clear()
    Swift.print(text)
  }
}
