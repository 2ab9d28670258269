import NIOConcurrencyHelpers

/// Checks a storage, and says where it turns unhealthy, or healthy again.
public final class StorageHealthCheck: Sendable {
  /// What a check has made of it.
  public enum Change: Sendable, Equatable {
    /// What the storage said, or that it says nothing.
    case unhealthy(because: String)
    /// It answers.
    case healthy
  }

  private let driver: any StorageDriver
  private let patience: Duration
  private let state: NIOLockedValueBox<State>
  private let report: @Sendable (Change) -> Void

  private struct State {
    var health: StorageHealth
    /// nil: nobody was told yet.
    var told: Bool?
  }

  /// - Parameters:
  ///   - patience: a check that takes longer has failed.
  ///   - report: called with the first result, and for every change, by one thread at a time. Must not wait.
  public init(
    _ driver: any StorageDriver, threshold: Int, patience: Duration, report: @escaping @Sendable (Change) -> Void
  ) {
    self.driver = driver
    self.patience = patience
    self.report = report
    state = NIOLockedValueBox(State(health: StorageHealth(threshold: threshold)))
  }

  /// Looks at the storage's root, once.
  public func run() async {
    // On a thread of its own: a file system that hangs has the calling one.
    let timer = Task {
      try await Task.sleep(for: patience)
      note("it has not answered for \(patience)")
    }
    defer { timer.cancel() }
    do {
      _ = try await driver.stat(.root)
      note(nil)
    } catch  where error.code == .cancelled {
      // The service ends.
    } catch {
      note(error.description)
    }
  }

  private func note(_ failure: String?) {
    state.withLockedValue { state in
      state.health.note(isAnswering: failure == nil)
      let isHealthy = state.health.isHealthy
      guard isHealthy != state.told, isHealthy || failure != nil else { return }
      state.told = isHealthy
      report(isHealthy ? .healthy : .unhealthy(because: failure ?? ""))
    }
  }
}
