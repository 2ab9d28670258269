import Core
import Testing

@testable import Drivers

struct CredentialRenewalTests {
  typealias Renewal = CredentialRenewal<S3Credentials>

  private static let static_ = S3Credentials(accessKey: "static", secretKey: "s")

  private static func temporary(_ name: String, until clock: String) -> S3Credentials {
    S3Credentials(accessKey: name, secretKey: "s", sessionToken: "t", expiration: time(clock))
  }

  private static let old = temporary("old", until: "09:00:00")
  private static let new = temporary("new", until: "15:00:00")
  private static let error = StorageError(.unavailable, "nobody is there")

  /// That has fetched some at 08:00.
  private static func renewal(holding credentials: S3Credentials) -> Renewal {
    var renewal = Renewal()
    _ = renewal.decide(at: time("08:00:00"))
    _ = renewal.fetched(.success(credentials), at: time("08:00:00"))
    return renewal
  }

  @Test(
    arguments: [
      (old, "08:00:00", .use(old)), (old, "08:54:59", .use(old)), (old, "08:55:00", .useAndFetch(old)),
      (old, "08:59:49", .useAndFetch(old)), (old, "08:59:50", .fetch), (old, "08:59:59", .fetch),
      (old, "09:00:00", .fetch), (old, "23:59:59", .fetch), (static_, "23:59:59", .use(static_)),
    ] as [(S3Credentials, String, Renewal.Decision)])
  func `credentials are replaced before they expire`(
    held: S3Credentials, clock: String, expected: Renewal.Decision
  ) {
    var renewal = Self.renewal(holding: held)
    #expect(renewal.decide(at: time(clock)) == expected)
  }

  @Test(
    arguments: [("08:55:00", .use(old)), ("08:59:49", .use(old)), ("08:59:50", .wait), ("09:00:00", .wait)]
      as [(String, Renewal.Decision)])
  func `one fetches while others go on, or wait`(clock: String, expected: Renewal.Decision) {
    var renewal = Self.renewal(holding: Self.old)
    _ = renewal.decide(at: time("08:55:00"))
    #expect(renewal.decide(at: time(clock)) == expected)
  }

  @Test func `the first ones are waited for by all`() {
    var renewal = Renewal()
    #expect(renewal.decide(at: time("08:00:00")) == .fetch)
    #expect(renewal.decide(at: time("08:00:01")) == .wait)
    #expect(renewal.fetched(.success(Self.old), at: time("08:00:02")).accessKey == "old")
    #expect(renewal.decide(at: time("08:00:02")) == .use(Self.old))
  }

  @Test func `the old ones are kept while they hold, and fetching pauses where it fails`() {
    var renewal = Self.renewal(holding: Self.old)
    #expect(renewal.decide(at: time("08:59:50")) == .fetch)
    #expect(renewal.fetched(.failure(Self.error), at: time("08:59:52")).accessKey == "old")
    #expect(renewal.decide(at: time("08:59:56")) == .use(Self.old))
    #expect(renewal.decide(at: time("08:59:57")) == .fetch)
    #expect(renewal.fetched(.failure(Self.error), at: time("09:00:00")).accessKey == nil)
    #expect(renewal.decide(at: time("09:00:01")) == .fail(Renewal.Failure(error: Self.error)))
    #expect(renewal.decide(at: time("09:00:05")) == .fetch)
    #expect(renewal.fetched(.success(Self.new), at: time("09:00:06")).accessKey == "new")
    #expect(renewal.decide(at: time("09:00:06")) == .use(Self.new))
  }

  @Test func `ones that are given again early are not asked for all the time`() {
    var renewal = Self.renewal(holding: Self.old)
    #expect(renewal.decide(at: time("08:56:00")) == .useAndFetch(Self.old))
    _ = renewal.fetched(.success(Self.old), at: time("08:56:01"))
    #expect(renewal.decide(at: time("08:56:02")) == .use(Self.old))
    #expect(renewal.decide(at: time("08:56:06")) == .useAndFetch(Self.old))
  }

  @Test func `ones that have expired when they come are none`() {
    var renewal = Renewal()
    _ = renewal.decide(at: time("10:00:00"))
    let outcome = renewal.fetched(.success(Self.old), at: time("10:00:00"))
    #expect(throws: StorageError.self) { try outcome.get() }
    guard case .fail(let failure) = renewal.decide(at: time("10:00:01")) else {
      Issue.record("they must not be used")
      return
    }
    #expect(failure.error.code == .unavailable && failure.error.description.contains("clock"))
  }

  @Test func `rejected ones are replaced at once`() {
    var renewal = Self.renewal(holding: Self.old)
    renewal.reject(Self.old)
    #expect(renewal.decide(at: time("08:10:00")) == .fetch)
    #expect(renewal.decide(at: time("08:10:00")) == .wait)
    _ = renewal.fetched(.success(Self.new), at: time("08:10:01"))
    // What another request says of the ones before.
    renewal.reject(Self.old)
    #expect(renewal.decide(at: time("08:10:20")) == .use(Self.new))
  }

  @Test func `rejected ones that are all there is are not asked for all the time`() {
    var renewal = Self.renewal(holding: Self.static_)
    renewal.reject(Self.static_)
    #expect(renewal.decide(at: time("08:00:01")) == .use(Self.static_))
    #expect(renewal.decide(at: time("08:00:05")) == .fetch)
    #expect(renewal.fetched(.failure(Self.error), at: time("08:00:06")).accessKey == "static")
    #expect(renewal.decide(at: time("08:00:07")) == .use(Self.static_))
  }

  @Test func `a clock that is set back holds nothing up`() {
    var renewal = Renewal()
    _ = renewal.decide(at: time("10:00:00"))
    _ = renewal.fetched(.failure(Self.error), at: time("10:00:00"))
    #expect(renewal.decide(at: time("09:00:00")) == .fetch)
    #expect(S3Credentials(accessKey: "a", secretKey: "s", expiration: .min).holds(at: .max, margin: 1) == false)
  }
}

extension Result<S3Credentials, StorageError> {
  fileprivate var accessKey: String? { try? get().accessKey }
}
