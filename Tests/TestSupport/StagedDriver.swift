package import Core
import Glibc
import Synchronization

/// A driver on whose stage a test can make things happen: time that passes, calls that fail, somebody who does
/// something between two calls of another one.
package final class StagedDriver: StorageDriver {
  /// A call to the storage.
  package struct Call: Sendable, CustomStringConvertible {
    package let name: String
    package let path: StoragePath
    /// Whether it changes something.
    package let isMutation: Bool

    package var description: String { "\(name) \(path)" }
  }

  /// What several drivers over the same storage share.
  package final class Clock: Sendable {
    fileprivate let eras = Mutex<[Int64]>([])

    package init() {}

    /// Makes a day pass: what was modified before looks a day older, each time.
    package func passDay() {
      let now = WallClock.now
      eras.withLock { $0.append(now) }
      // The clock that file systems use lags behind.
      var tick = timespec()
      repeat { clock_gettime(CLOCK_REALTIME_COARSE, &tick) } while tick.tv_sec * 1_000_000_000 + tick.tv_nsec <= now
    }

    fileprivate func seen(_ modified: Int64) -> Int64 {
      eras.withLock { eras in modified - Int64(eras.count { modified < $0 }) * 86_400_000_000_000 }
    }
  }

  package typealias Hook = @Sendable (Call) async throws(StorageError) -> Void

  private let driver: any StorageDriver
  private let clock: Clock
  private let before: Hook?

  /// - Parameter before: runs before each call, which fails if it does.
  package init(_ driver: any StorageDriver, _ clock: Clock = Clock(), before: Hook? = nil) {
    self.driver = driver
    self.clock = clock
    self.before = before
  }

  private func call(_ name: String, _ path: StoragePath, mutates: Bool = false) async throws(StorageError) {
    try await before?(Call(name: name, path: path, isMutation: mutates))
  }

  package var traits: DriverTraits { driver.traits }

  package func content(at path: StoragePath, limit: Int) async throws(StorageError) -> [UInt8] {
    try await call("content", path)
    return try await driver.content(at: path, limit: limit)
  }

  package func put(_ content: [UInt8], at path: StoragePath, durability: Durability) async throws(StorageError) {
    try await call("put", path, mutates: true)
    try await driver.put(content, at: path, durability: durability)
  }

  package func reader(at path: StoragePath, from offset: Int64) async throws(StorageError) -> any StorageReader {
    try await call("reader", path)
    return try await driver.reader(at: path, from: offset)
  }

  package func writer(at path: StoragePath, appending: Bool) async throws(StorageError) -> any StorageWriter {
    try await call("writer", path, mutates: true)
    return try await driver.writer(at: path, appending: appending)
  }

  package func directWriter(
    to destination: StoragePath, length: Int64?
  ) async throws(StorageError) -> (any StorageWriter)? {
    guard let writer = try await driver.directWriter(to: destination, length: length) else { return nil }
    try await call("directWriter", destination, mutates: true)
    return writer
  }

  package func stat(_ path: StoragePath) async throws(StorageError) -> StorageEntry {
    try await call("stat", path)
    let entry = try await driver.stat(path)
    var modified = clock.seen(entry.modified)
    // As object stores tell them.
    if removalTiming != nil { modified -= modified % 1_000_000_000 }
    return StorageEntry(isDirectory: entry.isDirectory, size: entry.size, modified: modified)
  }

  package func list(_ path: StoragePath) async throws(StorageError) -> [String] {
    try await call("list", path)
    return try await driver.list(path)
  }

  package func forEachName(
    in path: StoragePath, _ visit: (String) async throws(StorageError) -> Void
  ) async throws(StorageError) {
    try await forEachListedName(in: path, visit)
  }

  package func entries(of directory: StoragePath) async throws(StorageError) -> [DirectoryEntry] {
    try await entriesByStat(of: directory)
  }

  package func move(
    _ source: StoragePath, to destination: StoragePath, durability: Durability
  ) async throws(StorageError) {
    try await call("move", destination, mutates: true)
    try await driver.move(source, to: destination, durability: durability)
  }

  package func touch(_ path: StoragePath) async throws(StorageError) {
    try await call("touch", path, mutates: true)
    try await driver.touch(path)
  }

  package func settle(_ path: StoragePath) async throws(StorageError) {
    try await call("settle", path)
    try await driver.settle(path)
  }

  package func delete(_ path: StoragePath, durability: Durability) async throws(StorageError) {
    try await call("delete", path, mutates: true)
    try await driver.delete(path, durability: durability)
  }

  package func prune(_ directory: StoragePath, below top: StoragePath) async throws(StorageError) {
    try await call("prune", directory, mutates: true)
    try await driver.prune(directory, below: top)
  }

  package func sweepLeftovers(olderThan age: Duration) async throws(StorageError) -> Int {
    try await call("sweepLeftovers", .root, mutates: true)
    return try await driver.sweepLeftovers(olderThan: age)
  }

  package func directURL(for path: StoragePath, answering request: DownloadRequest) async throws(StorageError)
    -> DirectURL?
  {
    try await driver.directURL(for: path, answering: request)
  }

  package func changeToken(of directory: StoragePath) async throws(StorageError) -> ChangeToken? {
    try await call("changeToken", directory)
    return try await driver.changeToken(of: directory)
  }
}
