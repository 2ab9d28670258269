import NIOConcurrencyHelpers

/// Checks a storage, and says where it turns unhealthy, or healthy again.
///
/// A check has no deadline of its own: what it calls may hold its thread for ever. The caller has one, and reports with
/// ``noteSilence(since:now:)`` that it has passed.
public final class StorageHealthCheck: Sendable {
  /// What a check has made of it.
  public enum Change: Sendable, Equatable {
    /// What the storage said, or that it says nothing.
    case unhealthy(because: String)
    /// It answers.
    case healthy
  }

  private let driver: any StorageDriver
  private let state: NIOLockedValueBox<State>
  private let report: @Sendable (Change) -> Void

  private struct State {
    var health: StorageHealth
    /// nil: nothing was reported yet.
    var told: Bool?
    /// When a check last came to a result.
    var answered: ContinuousClock.Instant?
  }

  /// - Parameter report: called with the first success or lasting failure, and for every change, by one thread at a
  ///   time. Must not wait.
  public init(_ driver: any StorageDriver, threshold: Int, report: @escaping @Sendable (Change) -> Void) {
    self.driver = driver
    self.report = report
    state = NIOLockedValueBox(State(health: StorageHealth(threshold: threshold)))
  }

  /// Looks at the storage's root, once.
  public func run() async {
    do {
      _ = try await driver.stat(.root)
      note(nil)
    } catch  where error.code == .cancelled {
      // Its deadline has passed, or the service ends.
    } catch {
      note(error.description)
    }
  }

  /// No check that was begun at `start` or later has come to a result, as far as the caller knows. A failure each time,
  /// unless there was one meanwhile.
  public func noteSilence(since start: ContinuousClock.Instant, now: ContinuousClock.Instant) {
    note("it has not answered for \((now - start).components.seconds) seconds", unlessAnsweredSince: start)
  }

  private func note(_ failure: String?, unlessAnsweredSince start: ContinuousClock.Instant? = nil) {
    state.withLockedValue { state in
      if let start {
        guard state.answered.map({ $0 < start }) ?? true else { return }
      } else {
        state.answered = .now
      }
      state.health.note(isAnswering: failure == nil)
      let isHealthy = state.health.isHealthy
      // A first failure that is below the threshold says nothing: the storage may have been unhealthy for long.
      guard isHealthy != state.told, isHealthy == (failure == nil) else { return }
      state.told = isHealthy
      report(isHealthy ? .healthy : .unhealthy(because: failure ?? ""))
    }
  }
}
