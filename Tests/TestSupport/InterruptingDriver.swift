package import Core
import Synchronization

/// Lets something else happen right before one call to a driver, so that a test can try every order of two
/// operations.
package final class InterruptingDriver: StorageDriver {
  private let driver: any StorageDriver
  private let state = Mutex(State())

  private struct State {
    var calls = 0
    var countdown = 0
    var interruption: (@Sendable () async -> Void)?
  }

  package init(_ driver: any StorageDriver) {
    self.driver = driver
  }

  /// Has `interruption` run once, before the call number `call` from now on (the next one is 0).
  package func interrupt(before call: Int, _ interruption: @escaping @Sendable () async -> Void) {
    state.withLock { $0 = State(calls: 0, countdown: call, interruption: interruption) }
  }

  /// Takes back an interruption that hasn't come about.
  /// - Returns: whether there was one.
  package func takeBack() -> Bool {
    state.withLock { state in
      defer { state.interruption = nil }
      return state.interruption != nil
    }
  }

  private func pass() async {
    let interruption = state.withLock { state -> (@Sendable () async -> Void)? in
      guard let interruption = state.interruption else { return nil }
      guard state.countdown == 0 else {
        state.countdown -= 1
        return nil
      }
      state.interruption = nil
      return interruption
    }
    await interruption?()
  }

  package var name: String { driver.name }

  package func content(at path: StoragePath, limit: Int) async throws(StorageError) -> [UInt8] {
    await pass()
    return try await driver.content(at: path, limit: limit)
  }
  package func put(_ content: [UInt8], at path: StoragePath, durability: Durability) async throws(StorageError) {
    await pass()
    try await driver.put(content, at: path, durability: durability)
  }
  package func reader(at path: StoragePath, from offset: Int64) async throws(StorageError) -> any StorageReader {
    await pass()
    return try await driver.reader(at: path, from: offset)
  }
  package func writer(at path: StoragePath, appending: Bool) async throws(StorageError) -> any StorageWriter {
    await pass()
    return try await driver.writer(at: path, appending: appending)
  }
  package func stat(_ path: StoragePath) async throws(StorageError) -> StorageEntry {
    await pass()
    return try await driver.stat(path)
  }
  package func list(_ path: StoragePath) async throws(StorageError) -> [String] {
    await pass()
    return try await driver.list(path)
  }
  package func move(
    _ source: StoragePath, to destination: StoragePath, durability: Durability
  ) async throws(StorageError) {
    await pass()
    try await driver.move(source, to: destination, durability: durability)
  }
  package func touch(_ path: StoragePath) async throws(StorageError) {
    await pass()
    try await driver.touch(path)
  }
  package func settle(_ path: StoragePath) async throws(StorageError) {
    await pass()
    try await driver.settle(path)
  }
  package func prune(_ directory: StoragePath, below top: StoragePath) async throws(StorageError) {
    await pass()
    try await driver.prune(directory, below: top)
  }
  package func sweepLeftovers(olderThan age: Duration) async throws(StorageError) -> Int {
    try await driver.sweepLeftovers(olderThan: age)
  }
  package func delete(_ path: StoragePath, durability: Durability) async throws(StorageError) {
    await pass()
    try await driver.delete(path, durability: durability)
  }
  package func directURL(for path: StoragePath) async throws(StorageError) -> DirectURL? {
    try await driver.directURL(for: path)
  }
  package func changeToken(of directory: StoragePath) async throws(StorageError) -> ChangeToken? {
    try await driver.changeToken(of: directory)
  }
}
