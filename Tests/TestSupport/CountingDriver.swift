package import Core
import Synchronization

/// Counts what is asked of a driver.
package final class CountingDriver: StorageDriver {
  private let driver: any StorageDriver
  private let counts = Mutex<[String: Int]>([:])

  package init(_ driver: any StorageDriver) {
    self.driver = driver
  }

  /// The calls since the last time, by name.
  package func takeCounts() -> [String: Int] {
    counts.withLock { counts in
      defer { counts = [:] }
      return counts
    }
  }

  private func count(_ call: String) {
    counts.withLock { $0[call, default: 0] += 1 }
  }

  package var traits: DriverTraits { driver.traits }

  package func content(at path: StoragePath, limit: Int) async throws(StorageError) -> [UInt8] {
    count("content")
    return try await driver.content(at: path, limit: limit)
  }

  package func put(_ content: [UInt8], at path: StoragePath, durability: Durability) async throws(StorageError) {
    count("put")
    try await driver.put(content, at: path, durability: durability)
  }

  package func reader(at path: StoragePath, from offset: Int64) async throws(StorageError) -> any StorageReader {
    count("reader")
    return try await driver.reader(at: path, from: offset)
  }

  package func writer(at path: StoragePath, appending: Bool) async throws(StorageError) -> any StorageWriter {
    count("writer")
    return try await driver.writer(at: path, appending: appending)
  }

  package func directWriter(
    to destination: StoragePath, length: Int64?
  ) async throws(StorageError) -> (any StorageWriter)? {
    let writer = try await driver.directWriter(to: destination, length: length)
    if writer != nil { count("directWriter") }
    return writer
  }

  package func stat(_ path: StoragePath) async throws(StorageError) -> StorageEntry {
    count("stat")
    return try await driver.stat(path)
  }

  package func list(_ path: StoragePath) async throws(StorageError) -> [String] {
    count("list")
    return try await driver.list(path)
  }

  package func forEachName(
    in path: StoragePath, _ visit: (String) async throws(StorageError) -> Void
  ) async throws(StorageError) {
    try await forEachListedName(in: path, visit)
  }

  package func entries(of directory: StoragePath) async throws(StorageError) -> [DirectoryEntry] {
    count("entries")
    return try await driver.entries(of: directory)
  }

  package func move(
    _ source: StoragePath, to destination: StoragePath, durability: Durability
  ) async throws(StorageError) {
    count("move")
    try await driver.move(source, to: destination, durability: durability)
  }
  package func touch(_ path: StoragePath) async throws(StorageError) {
    count("touch")
    try await driver.touch(path)
  }
  package func settle(_ path: StoragePath) async throws(StorageError) {
    count("settle")
    try await driver.settle(path)
  }
  package func prune(_ directory: StoragePath, below top: StoragePath) async throws(StorageError) {
    count("prune")
    try await driver.prune(directory, below: top)
  }
  package func sweepLeftovers(olderThan age: Duration) async throws(StorageError) -> Int {
    try await driver.sweepLeftovers(olderThan: age)
  }

  package func delete(_ path: StoragePath, durability: Durability) async throws(StorageError) {
    count("delete")
    try await driver.delete(path, durability: durability)
  }

  package func directURL(for path: StoragePath, answering request: DownloadRequest) async throws(StorageError)
    -> DirectURL?
  {
    count("directURL")
    return try await driver.directURL(for: path, answering: request)
  }

  package func changeToken(of directory: StoragePath) async throws(StorageError) -> ChangeToken? {
    count("changeToken")
    return try await driver.changeToken(of: directory)
  }
}
