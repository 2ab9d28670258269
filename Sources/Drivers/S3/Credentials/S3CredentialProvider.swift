public import Core
import NIOConcurrencyHelpers

/// The credentials that requests are signed with: fetched at the first use, kept, and replaced before they expire,
/// while requests use the old ones.
///
/// They come from the first of these that has any: `storage.s3.accesskey` and `secretkey`; `AWS_ACCESS_KEY_ID`,
/// `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`; a web identity token; the shared credentials file; the container;
/// the instance's role.
public final class S3CredentialProvider: Sendable {
  private let chain: CredentialChain
  private let now: @Sendable () -> Int64
  private let state = NIOLockedValueBox(State())

  private typealias Outcome = Result<S3Credentials, StorageError>

  private struct State {
    var renewal = CredentialRenewal<S3Credentials>()
    /// What is being fetched.
    var fetch: Task<Outcome, Never>?
  }

  private enum Turn {
    case use(S3Credentials)
    case wait(Task<Outcome, Never>)
    case fail(StorageError)
  }

  /// Looks nowhere yet.
  /// - Parameters:
  ///   - environment: the process' variables.
  ///   - now: nanoseconds since 1970.
  public convenience init(
    _ configuration: Configuration.S3, environment: [String: String], transport: @escaping CredentialTransport,
    now: @escaping @Sendable () -> Int64 = { WallClock.now }
  ) {
    self.init(CredentialChain(configuration, environment: environment, transport: transport), now: now)
  }

  init(_ chain: CredentialChain, now: @escaping @Sendable () -> Int64) {
    self.chain = chain
    self.now = now
  }

  /// Credentials that do not expire soon. Waits only if there are none: at most the few seconds that the sources have
  /// to answer, even if the caller is cancelled, since other requests wait for the same result.
  ///
  /// Throws `.denied` where no source gives credentials; `.unavailable` where that may pass; `.failed` where an answer
  /// is malformed. The error says what was tried, and what to do.
  public func credentials() async throws(StorageError) -> S3Credentials {
    let turn = state.withLockedValue { state in
      switch state.renewal.decide(at: now()) {
      case .use(let credentials):
        return Turn.use(credentials)
      case .useAndFetch(let credentials):
        state.fetch = fetch()
        return .use(credentials)
      case .fetch, .wait:
        let fetch = state.fetch ?? fetch()
        state.fetch = fetch
        return .wait(fetch)
      case .fail(let failure):
        return .fail(failure.error)
      }
    }
    switch turn {
    case .use(let credentials): return credentials
    case .wait(let fetch): return try await fetch.value.get()
    case .fail(let error): throw error
    }
  }

  /// Call it when the service has answered `ExpiredToken`, `InvalidToken` or `InvalidAccessKeyId` to `used`: new
  /// credentials are fetched before the next request, but not twice within seconds.
  public func invalidate(_ used: S3Credentials) {
    state.withLockedValue { $0.renewal.reject(used) }
  }

  /// Fetches in a task of its own, so that a cancelled request does not cancel it for the others.
  private func fetch() -> Task<Outcome, Never> {
    Task {
      let result: Outcome
      do throws(StorageError) {
        result = .success(try await chain.credentials())
      } catch {
        result = .failure(error)
      }
      return state.withLockedValue { state in
        state.fetch = nil
        return state.renewal.fetched(result, at: now())
      }
    }
  }
}
