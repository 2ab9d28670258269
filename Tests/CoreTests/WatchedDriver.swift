import Core
import Drivers
import Synchronization

/// Storage in memory that counts what is read back, and fails on demand.
final class WatchedDriver: StorageDriver {
  let traits = DriverTraits(name: "watched", isEventuallyConsistent: false, concurrency: 1, removalTiming: nil)
  private let driver = InMemoryDriver()
  private let bytesRead = Atomic<Int>(0)
  private let opened = Atomic<Int>(0)
  /// Bytes that still fit in files that grow; `.max`: any number.
  let room = Atomic<Int>(.max)

  /// Bytes that were read through readers.
  var readBack: Int { bytesRead.load(ordering: .relaxed) }
  /// Readers that were opened.
  var readers: Int { opened.load(ordering: .relaxed) }

  func content(at path: StoragePath, limit: Int) async throws(StorageError) -> [UInt8] {
    try await driver.content(at: path, limit: limit)
  }
  func put(_ content: [UInt8], at path: StoragePath, durability: Durability) async throws(StorageError) {
    try await driver.put(content, at: path, durability: durability)
  }
  func reader(at path: StoragePath, from offset: Int64) async throws(StorageError) -> any StorageReader {
    opened.add(1, ordering: .relaxed)
    return Reader(try await driver.reader(at: path, from: offset), self)
  }
  func writer(at path: StoragePath, appending: Bool) async throws(StorageError) -> any StorageWriter {
    Writer(try await driver.writer(at: path, appending: appending), self)
  }
  func directWriter(
    to destination: StoragePath, length: Int64?
  ) async throws(StorageError) -> (any StorageWriter)? { nil }
  func stat(_ path: StoragePath) async throws(StorageError) -> StorageEntry { try await driver.stat(path) }
  func list(_ path: StoragePath) async throws(StorageError) -> [String] { try await driver.list(path) }
  func forEachName(
    in path: StoragePath, _ visit: (String) async throws(StorageError) -> Void
  ) async throws(StorageError) {
    try await forEachListedName(in: path, visit)
  }
  func entries(of directory: StoragePath) async throws(StorageError) -> [DirectoryEntry] {
    try await entriesByStat(of: directory)
  }
  func move(
    _ source: StoragePath, to destination: StoragePath, durability: Durability
  ) async throws(StorageError) {
    try await driver.move(source, to: destination, durability: durability)
  }
  func touch(_ path: StoragePath) async throws(StorageError) {
    try await driver.touch(path)
  }
  func settle(_ path: StoragePath) async throws(StorageError) {
    try await driver.settle(path)
  }
  func prune(_ directory: StoragePath, below top: StoragePath) async throws(StorageError) {
    try await driver.prune(directory, below: top)
  }
  func sweepLeftovers(olderThan age: Duration) async throws(StorageError) -> Int {
    try await driver.sweepLeftovers(olderThan: age)
  }
  func delete(_ path: StoragePath, durability: Durability) async throws(StorageError) {
    try await driver.delete(path, durability: durability)
  }
  func directURL(for path: StoragePath, answering request: DownloadRequest) async throws(StorageError) -> DirectURL? {
    nil
  }
  func changeToken(of directory: StoragePath) async throws(StorageError) -> ChangeToken? {
    try await driver.changeToken(of: directory)
  }

  private final class Reader: StorageReader {
    let reader: any StorageReader
    let driver: WatchedDriver
    var size: Int64 { reader.size }

    init(_ reader: any StorageReader, _ driver: WatchedDriver) {
      self.reader = reader
      self.driver = driver
    }

    func read(into buffer: IOBuffer) async throws(StorageError) -> Int {
      let count = try await reader.read(into: buffer)
      driver.bytesRead.add(count, ordering: .relaxed)
      return count
    }
  }

  private final class Writer: StorageWriter {
    let writer: any StorageWriter
    let driver: WatchedDriver
    var size: Int64 { writer.size }

    init(_ writer: any StorageWriter, _ driver: WatchedDriver) {
      self.writer = writer
      self.driver = driver
    }

    func write(_ bytes: RawSpan) async throws(StorageError) {
      let room = driver.room.load(ordering: .relaxed)
      let fitting = min(room, bytes.byteCount)
      try await writer.write(bytes.extracting(first: fitting))
      guard room < .max else { return }
      driver.room.store(room - fitting, ordering: .relaxed)
      if fitting < bytes.byteCount { throw StorageError(.full, "write", cause: "no room") }
    }
    func close() async throws(StorageError) { try await writer.close() }
    func commit(to destination: StoragePath) async throws(StorageError) { try await writer.commit(to: destination) }
    func cancel() async throws(StorageError) { try await writer.cancel() }
  }
}
