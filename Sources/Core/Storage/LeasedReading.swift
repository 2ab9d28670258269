import NIOConcurrencyHelpers

/// A value that was read from the storage, and may be used for a short time (the lease), counted from before it was
/// read. While one caller reads it again in time, the others use the last one.
final class LeasedReading<Value: Sendable>: Sendable {
  private let lease: Duration
  private let renewal: Duration
  private let state = NIOLockedValueBox(State())

  private struct State {
    var value: Value?
    /// Before the value was read.
    var begin = ContinuousClock.now
    var isRenewing = false
  }

  /// - Parameters:
  ///   - lease: how long a value may be used.
  ///   - renewal: age at which it is read again, if there are callers.
  init(lease: Duration, renewal: Duration) {
    self.lease = lease
    self.renewal = renewal
  }

  /// What a caller is to do.
  enum Step {
    case use(Value)
    /// Read the value, then call ``store(_:readFrom:)`` and ``endRenewal()``. A value that is still valid may be used if
    /// that fails.
    case renew(Value?)
    /// No value is valid, and another caller is reading it.
    case missing
  }

  /// - Parameter moment: before the caller did what a value must not be older than by more than the lease.
  func step(asOf moment: ContinuousClock.Instant) -> Step {
    state.withLockedValue { state in
      let age = moment - state.begin
      let valid = age < lease ? state.value : nil
      if let valid, age < renewal || state.isRenewing { return .use(valid) }
      if state.isRenewing { return .missing }
      state.isRenewing = true
      return .renew(valid)
    }
  }

  /// Keeps a value, unless a later one is kept already.
  /// - Parameter begin: before it was read.
  /// - Returns: whether it is kept.
  @discardableResult
  func store(_ value: Value, readFrom begin: ContinuousClock.Instant) -> Bool {
    state.withLockedValue { state in
      if state.value != nil, state.begin >= begin { return false }
      state.value = value
      state.begin = begin
      return true
    }
  }

  /// Lets another caller read the value again.
  func endRenewal() {
    state.withLockedValue { $0.isRenewing = false }
  }

  /// The last value, however old it is.
  var latest: Value? { state.withLockedValue { $0.value } }
}
