public import Logging
import NIOConcurrencyHelpers

/// Logs damaged files that count as absent: each path once, and `limit` paths at the most.
public final class DamageLog: Sendable {
  private let logger: Logger
  private let state = NIOLockedValueBox(State())

  private struct State {
    var told: Set<StoragePath> = []
    var isFull = false
  }

  /// How many paths a process logs at the most.
  static let limit = 1000

  /// Into a log.
  public init(_ logger: Logger) {
    self.logger = logger
  }

  /// The consequence of damage, and what repairs it; the end of the log line.
  enum Remedy: String {
    /// For a link or a content.
    case push =
      "and counts as absent: the next push of it mends it; `berth verify --repair` finds and mends all such damage"
    /// For a directory, which no push and no repair makes readable.
    case directory =
      "and is left out of lists: remove it if it is a link, else correct its permissions, or see to the disk"
  }

  /// Logs that the file at `path` counts as absent.
  /// - Parameters:
  ///   - what: what is wrong with it.
  ///   - remedy: what the operator can do.
  func note(_ path: StoragePath, _ what: String, remedy: Remedy = .push) {
    let message: String? = state.withLockedValue { state in
      guard !state.isFull, !state.told.contains(path) else { return nil }
      if state.told.count == DamageLog.limit {
        state.isFull = true
        return "more files are damaged than this log names: `berth verify` finds all of them"
      }
      state.told.insert(path)
      return "\(path) \(what), \(remedy.rawValue)"
    }
    if let message { logger.warning("\(message)") }
  }
}
