package import Core
import Synchronization

/// A driver that a test can get in the way of: before each call it asks a hook, which may wait, change something
/// beneath, or throw.
package final class HookedDriver: StorageDriver {
  package struct Call: Sendable {
    package let name: String
    package let path: StoragePath
  }

  /// What lies beneath.
  package let driver: any StorageDriver
  package let traits: DriverTraits
  private let url: DirectURL?
  private let hook: @Sendable (Call) async throws(StorageError) -> Void

  /// - Parameter url: of everything; nil: as the driver says.
  package init(
    _ driver: any StorageDriver, isEventuallyConsistent: Bool = false, concurrency: Int = 1, url: DirectURL? = nil,
    hook: @escaping @Sendable (Call) async throws(StorageError) -> Void
  ) {
    self.driver = driver
    traits = DriverTraits(
      name: driver.name, isEventuallyConsistent: isEventuallyConsistent, concurrency: concurrency,
      removalTiming: driver.removalTiming)
    self.url = url
    self.hook = hook
  }

  private func ask(_ name: String, _ path: StoragePath) async throws(StorageError) {
    try await hook(Call(name: name, path: path))
  }

  package func content(at path: StoragePath, limit: Int) async throws(StorageError) -> [UInt8] {
    try await ask("content", path)
    return try await driver.content(at: path, limit: limit)
  }
  package func put(_ content: [UInt8], at path: StoragePath, durability: Durability) async throws(StorageError) {
    try await ask("put", path)
    try await driver.put(content, at: path, durability: durability)
  }
  package func reader(at path: StoragePath, from offset: Int64) async throws(StorageError) -> any StorageReader {
    try await ask("reader", path)
    return try await driver.reader(at: path, from: offset)
  }
  package func writer(at path: StoragePath, appending: Bool) async throws(StorageError) -> any StorageWriter {
    try await ask("writer", path)
    return HookedWriter(try await driver.writer(at: path, appending: appending), path, hook)
  }
  package func directWriter(
    to destination: StoragePath, length: Int64?
  ) async throws(StorageError) -> (any StorageWriter)? {
    guard let writer = try await driver.directWriter(to: destination, length: length) else { return nil }
    try await ask("directWriter", destination)
    return HookedWriter(writer, destination, hook)
  }
  package func stat(_ path: StoragePath) async throws(StorageError) -> StorageEntry {
    try await ask("stat", path)
    return try await driver.stat(path)
  }
  package func list(_ path: StoragePath) async throws(StorageError) -> [String] {
    try await ask("list", path)
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
    try await ask("move", source)
    try await driver.move(source, to: destination, durability: durability)
  }
  package func touch(_ path: StoragePath) async throws(StorageError) {
    try await ask("touch", path)
    try await driver.touch(path)
  }
  package func settle(_ path: StoragePath) async throws(StorageError) {
    try await ask("settle", path)
    try await driver.settle(path)
  }
  package func delete(_ path: StoragePath, durability: Durability) async throws(StorageError) {
    try await ask("delete", path)
    try await driver.delete(path, durability: durability)
  }
  package func prune(_ directory: StoragePath, below top: StoragePath) async throws(StorageError) {
    try await ask("prune", directory)
    try await driver.prune(directory, below: top)
  }
  package func sweepLeftovers(olderThan age: Duration) async throws(StorageError) -> Int {
    try await ask("sweepLeftovers", .root)
    return try await driver.sweepLeftovers(olderThan: age)
  }
  package func directURL(for path: StoragePath, answering request: DownloadRequest) async throws(StorageError)
    -> DirectURL?
  {
    if let url { return url }
    return try await driver.directURL(for: path, answering: request)
  }
  package func changeToken(of directory: StoragePath) async throws(StorageError) -> ChangeToken? {
    try await driver.changeToken(of: directory)
  }
}

/// A writer whose commit asks the hook, too.
private final class HookedWriter: StorageWriter {
  private let writer: any StorageWriter
  private let path: StoragePath
  private let hook: @Sendable (HookedDriver.Call) async throws(StorageError) -> Void
  var size: Int64 { writer.size }

  init(
    _ writer: any StorageWriter, _ path: StoragePath,
    _ hook: @escaping @Sendable (HookedDriver.Call) async throws(StorageError) -> Void
  ) {
    self.writer = writer
    self.path = path
    self.hook = hook
  }

  func write(_ bytes: RawSpan) async throws(StorageError) { try await writer.write(bytes) }
  func close() async throws(StorageError) { try await writer.close() }
  func commit(to destination: StoragePath) async throws(StorageError) {
    try await hook(HookedDriver.Call(name: "commit", path: path))
    try await writer.commit(to: destination)
  }
  func cancel() async throws(StorageError) { try await writer.cancel() }
}
