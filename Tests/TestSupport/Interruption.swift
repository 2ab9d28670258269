import Synchronization

/// Something else that happens right before one call to a driver (see `HookedDriver`), so that a test can try every
/// order of two operations.
package final class Interruption: Sendable {
  private let state = Mutex(State())

  private struct State {
    var countdown = 0
    var body: (@Sendable () async -> Void)?
  }

  package init() {}

  /// Has `body` run once, before the call number `call` from now on (the next one is 0).
  package func arm(before call: Int, _ body: @escaping @Sendable () async -> Void) {
    state.withLock { $0 = State(countdown: call, body: body) }
  }

  /// Takes back what hasn't come about.
  /// - Returns: whether there was something.
  package func disarm() -> Bool {
    state.withLock { state in
      defer { state.body = nil }
      return state.body != nil
    }
  }

  /// To be called before each call to the driver.
  package func pass() async {
    let body = state.withLock { state -> (@Sendable () async -> Void)? in
      guard let body = state.body else { return nil }
      guard state.countdown == 0 else {
        state.countdown -= 1
        return nil
      }
      state.body = nil
      return body
    }
    await body?()
  }
}
