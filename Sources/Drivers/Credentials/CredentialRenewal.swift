import Core

/// Decides when credentials are fetched, and which requests wait for that. Has no effects, so that it can be tested.
struct CredentialRenewal<Credentials: ExpiringCredentials>: Sendable {
  enum Decision: Sendable, Equatable {
    /// Sign with these.
    case use(Credentials)
    /// Sign with these, and fetch new ones meanwhile.
    case useAndFetch(Credentials)
    /// Fetch, and wait for it.
    case fetch
    /// Wait for what is being fetched.
    case wait
    /// Fetching failed a moment ago.
    case fail(Failure)
  }

  /// Why fetching failed.
  struct Failure: Sendable, Equatable {
    var error: StorageError

    static func == (left: Failure, right: Failure) -> Bool {
      left.error.code == right.error.code && left.error.description == right.error.description
    }
  }

  /// Fetch new credentials this long before the old ones expire (nanoseconds). AWS has them ready by then.
  static var early: Int64 { 300 * second }
  /// Stop signing with credentials that expire within this time (nanoseconds).
  static var late: Int64 { 10 * second }
  /// Nanoseconds between two attempts.
  static var pause: Int64 { 5 * second }

  private static var second: Int64 { 1_000_000_000 }

  private var held: Credentials?
  private var isRejected = false
  private var isFetching = false
  /// When the last attempt ended, and how it failed if it did.
  private var attempted: Int64?
  private var failure: Failure?

  /// - Parameter now: nanoseconds since 1970.
  mutating func decide(at now: Int64) -> Decision {
    let isPaused = isPaused(at: now)
    guard let held, !isRejected, held.holds(at: now, margin: Self.late) else {
      if isFetching { return .wait }
      guard isPaused else {
        isFetching = true
        return .fetch
      }
      // There are no other credentials than those that the service rejects: let it reject them again.
      if let held, held.holds(at: now) { return .use(held) }
      if let failure { return .fail(failure) }
      isFetching = true
      return .fetch
    }
    if isFetching || isPaused || held.holds(at: now, margin: Self.early) { return .use(held) }
    isFetching = true
    return .useAndFetch(held)
  }

  /// Takes what was fetched.
  /// - Returns: the result for waiting requests: the old credentials if fetching failed and they are still valid.
  mutating func fetched(
    _ result: Result<Credentials, StorageError>, at now: Int64
  ) -> Result<Credentials, StorageError> {
    isFetching = false
    attempted = now
    let error: StorageError
    switch result {
    case .success(let credentials) where credentials.holds(at: now):
      held = credentials
      isRejected = false
      failure = nil
      return .success(credentials)
    case .success:
      error = StorageError(
        .unavailable,
        "the credentials for \(Credentials.service) had expired when they came: is this machine's clock right?")
    case .failure(let reason):
      error = reason
    }
    failure = Failure(error: error)
    if let held, held.holds(at: now) { return .success(held) }
    return .failure(error)
  }

  /// Call it when the service has rejected `credentials`.
  mutating func reject(_ credentials: Credentials) {
    // Others may be held by now.
    if credentials == held { isRejected = true }
  }

  private func isPaused(at now: Int64) -> Bool {
    guard let attempted else { return false }
    // After the clock was set back, don't wait.
    let (passed, overflow) = now.subtractingReportingOverflow(attempted)
    return !overflow && (0..<Self.pause).contains(passed)
  }
}
