import Core
import Synchronization
import Testing

@testable import Drivers

struct S3CredentialProviderTests {
  /// A place that gives what it is told to, when it is let.
  private final class Source: CredentialSource {
    private struct State {
      var finds = 0
      var result: Result<CredentialFinding, StorageError> = .success(.none("nothing"))
      var isHeld = false
      var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    var name: String { "the test" }
    var finds: Int { state.withLock { $0.finds } }

    func gives(_ name: String, until clock: String) {
      let credentials = S3Credentials(
        accessKey: name, secretKey: "s", sessionToken: "t", expiration: time(clock))
      state.withLock { $0.result = .success(.found(credentials)) }
    }

    func fails() {
      state.withLock { $0.result = .failure(StorageError(.unavailable, "nobody is there")) }
    }

    func hold() {
      state.withLock { $0.isHeld = true }
    }

    func release() {
      let waiting = state.withLock { state in
        state.isHeld = false
        let waiting = state.waiting
        state.waiting = []
        return waiting
      }
      for continuation in waiting { continuation.resume() }
    }

    func find() async throws(StorageError) -> CredentialFinding {
      await withCheckedContinuation { continuation in
        let goesOn = state.withLock { state in
          state.finds += 1
          if state.isHeld { state.waiting.append(continuation) }
          return !state.isHeld
        }
        if goesOn { continuation.resume() }
      }
      return try state.withLock { $0.result }.get()
    }
  }

  private final class Clock: Sendable {
    private let value: Mutex<Int64>

    init(_ clock: String) {
      value = Mutex(time(clock))
    }

    var now: Int64 { value.withLock { $0 } }

    func set(_ clock: String) {
      value.withLock { $0 = time(clock) }
    }
  }

  private let source = Source()
  private let clock = Clock("08:00:00")
  private let provider: S3CredentialProvider

  init() {
    provider = S3CredentialProvider(CredentialChain([source])) { [clock] in clock.now }
  }

  private func accessKey() async throws -> String { try await provider.credentials().accessKey }

  /// Lets others run until it holds.
  private func eventually(_ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(300)
    var pauses = 0
    while try await !condition() {
      // On a busy machine one pause may take minutes.
      try #require(ContinuousClock.now < deadline || pauses < 20)
      try await Task.sleep(for: .milliseconds(5))
      pauses += 1
    }
  }

  @Test func `what was found is kept`() async throws {
    source.gives("one", until: "09:00:00")
    #expect(try await accessKey() == "one")
    source.gives("two", until: "15:00:00")
    #expect(try await accessKey() == "one")
    #expect(source.finds == 1)
  }

  @Test func `many that come first wait for one fetch`() async throws {
    source.gives("one", until: "09:00:00")
    source.hold()
    try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<20 { group.addTask { try await accessKey() } }
      try await eventually { source.finds == 1 }
      source.release()
      for try await key in group { #expect(key == "one") }
    }
    #expect(source.finds == 1)
  }

  @Test func `requests go on with the old ones while others are fetched`() async throws {
    source.gives("one", until: "09:00:00")
    _ = try await accessKey()
    clock.set("08:56:00")
    source.gives("two", until: "15:00:00")
    source.hold()
    for _ in 0..<3 { #expect(try await accessKey() == "one") }
    source.release()
    try await eventually { try await accessKey() == "two" }
    #expect(source.finds == 2)
  }

  @Test func `just before the end the new ones are waited for`() async throws {
    source.gives("one", until: "09:00:00")
    _ = try await accessKey()
    clock.set("08:59:55")
    source.gives("two", until: "15:00:00")
    #expect(try await accessKey() == "two")
  }

  @Test func `a failure keeps the old ones until they have expired, and is then told`() async throws {
    source.gives("one", until: "09:00:00")
    _ = try await accessKey()
    source.fails()
    clock.set("08:59:55")
    #expect(try await accessKey() == "one")
    clock.set("09:00:00")
    for _ in 0..<3 { await #expect(throws: StorageError.self) { try await accessKey() } }
    // Once more at the end of the pause, and not for each.
    #expect(source.finds == 3)
    clock.set("09:00:05")
    source.gives("two", until: "15:00:00")
    #expect(try await accessKey() == "two")
  }

  @Test func `what the service rejects is replaced`() async throws {
    source.gives("one", until: "09:00:00")
    let used = try await provider.credentials()
    source.gives("two", until: "09:00:00")
    clock.set("08:00:10")
    provider.invalidate(used)
    #expect(try await accessKey() == "two")
    provider.invalidate(used)
    #expect(try await accessKey() == "two")
    #expect(source.finds == 2)
  }

  @Test func `a caller that is cancelled does not end the fetch of others`() async throws {
    source.gives("one", until: "09:00:00")
    source.hold()
    let first = Task { try await accessKey() }
    try await eventually { source.finds == 1 }
    first.cancel()
    async let second = accessKey()
    source.release()
    #expect(try await second == "one")
    #expect(try await first.value == "one")
  }

  @Test func `the configuration's keys need no service`() async throws {
    var configuration = Configuration.S3()
    configuration.accessKey = "id"
    configuration.secretKey = "secret"
    let service = CredentialService.nobody
    let provider = S3CredentialProvider(configuration, environment: [:], transport: service.transport)
    #expect(try await provider.credentials() == S3Credentials(accessKey: "id", secretKey: "secret"))
    #expect(service.requests.isEmpty)
  }
}
