package import Logging
import Synchronization

/// Keeps what is logged.
package struct KeptLog: LogHandler {
  package final class Lines: Sendable {
    private let lines = Mutex<[String]>([])

    package init() {}

    fileprivate func add(_ line: String) { lines.withLock { $0.append(line) } }
    package var all: [String] { lines.withLock { $0 } }
  }

  package let lines: Lines
  package var metadata: Logger.Metadata = [:]
  package var logLevel = Logger.Level.trace

  package init(lines: Lines) {
    self.lines = lines
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    lines.add("\(event.message)")
  }
}
