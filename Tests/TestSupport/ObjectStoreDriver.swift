package import Core
import Drivers

/// Storage in memory that has no more to offer than an object store: a move is a copy and a deletion, nothing can be
/// touched, directories are but the names of what is in them, and times are whole seconds.
package final class ObjectStoreDriver: StorageDriver {
  private let memory = InMemoryDriver()
  package let traits: DriverTraits
  /// Nanoseconds.
  private let resolution: Int64
  /// Runs between two steps of one call.
  private let between: @Sendable () async -> Void

  package init(
    _ timing: RemovalTiming = .brief, resolution: Int64 = 1_000_000_000,
    between: @escaping @Sendable () async -> Void = {}
  ) {
    traits = DriverTraits(name: "objects", isEventuallyConsistent: false, concurrency: 4, removalTiming: timing)
    self.resolution = resolution
    self.between = between
  }

  package func content(at path: StoragePath, limit: Int) async throws(StorageError) -> [UInt8] {
    try await memory.content(at: path, limit: limit)
  }

  package func put(_ content: [UInt8], at path: StoragePath, durability: Durability) async throws(StorageError) {
    try await memory.put(content, at: path, durability: durability)
  }

  package func reader(at path: StoragePath, from offset: Int64) async throws(StorageError) -> any StorageReader {
    try await memory.reader(at: path, from: offset)
  }

  package func writer(at path: StoragePath, appending: Bool) async throws(StorageError) -> any StorageWriter {
    ObjectWriter(try await memory.writer(at: path, appending: appending), path, self)
  }

  package func directWriter(
    to destination: StoragePath, length: Int64?
  ) async throws(StorageError) -> (any StorageWriter)? {
    length == nil ? nil : DirectWriter(destination, self)
  }

  package func stat(_ path: StoragePath) async throws(StorageError) -> StorageEntry {
    let entry = try await memory.stat(path)
    return StorageEntry(
      isDirectory: entry.isDirectory, size: entry.size, modified: entry.modified - entry.modified % resolution)
  }

  package func list(_ path: StoragePath) async throws(StorageError) -> [String] {
    try await memory.list(path)
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
    try await copy(source, to: destination)
    await between()
    try await delete(source, durability: durability)
  }

  fileprivate func copy(_ source: StoragePath, to destination: StoragePath) async throws(StorageError) {
    try await memory.put(memory.content(at: source, limit: .max), at: destination, durability: .process)
  }

  package func touch(_ path: StoragePath) async throws(StorageError) {
    throw StorageError(.failed, "touch \(path)", cause: "no object can be touched")
  }

  package func settle(_ path: StoragePath) async throws(StorageError) {
    try await memory.settle(path)
  }

  package func delete(_ path: StoragePath, durability: Durability) async throws(StorageError) {
    try await memory.delete(path, durability: durability)
    try await memory.prune(path.parent, below: .root)
  }

  package func prune(_ directory: StoragePath, below top: StoragePath) async throws(StorageError) {}

  package func sweepLeftovers(olderThan age: Duration) async throws(StorageError) -> Int { 0 }

  package func directURL(
    for path: StoragePath, answering request: DownloadRequest
  ) async throws(StorageError) -> DirectURL? { nil }

  package func changeToken(of directory: StoragePath) async throws(StorageError) -> ChangeToken? { nil }

  /// What is finished is put in its place.
  private final class DirectWriter: StorageWriter {
    private let destination: StoragePath
    private let driver: ObjectStoreDriver
    private var content: [UInt8] = []
    var size: Int64 { Int64(content.count) }

    init(_ destination: StoragePath, _ driver: ObjectStoreDriver) {
      self.destination = destination
      self.driver = driver
    }

    func write(_ bytes: RawSpan) async throws(StorageError) { bytes.withUnsafeBytes { content += $0 } }
    func close() async throws(StorageError) {}
    func commit(to destination: StoragePath) async throws(StorageError) {
      guard destination == self.destination else { throw StorageError(.failed, "write \(destination)") }
      try await driver.put(content, at: destination, durability: .process)
    }
    func cancel() async throws(StorageError) {}
  }

  /// What is finished appears in its place, and goes from where it was.
  private final class ObjectWriter: StorageWriter {
    private let writer: any StorageWriter
    private let path: StoragePath
    private let driver: ObjectStoreDriver
    var size: Int64 { writer.size }

    init(_ writer: any StorageWriter, _ path: StoragePath, _ driver: ObjectStoreDriver) {
      self.writer = writer
      self.path = path
      self.driver = driver
    }

    func write(_ bytes: RawSpan) async throws(StorageError) { try await writer.write(bytes) }
    func close() async throws(StorageError) { try await writer.close() }
    func commit(to destination: StoragePath) async throws(StorageError) {
      // Finds out whether the file is still there.
      try await writer.write([UInt8]().span.bytes)
      try await driver.copy(path, to: destination)
      await driver.between()
      try await cancel()
    }
    func cancel() async throws(StorageError) {
      try await writer.cancel()
      try await driver.memory.prune(path.parent, below: .root)
    }
  }
}

extension RemovalTiming {
  /// For tests, which have little time, and wait long for a machine that is busy. Claims are made each time.
  package static var brief: RemovalTiming {
    var timing = RemovalTiming()
    timing.lease = .milliseconds(4)
    timing.renewal = .milliseconds(2)
    timing.margin = .milliseconds(1)
    timing.life = .seconds(300)
    timing.patience = .seconds(300)
    timing.poll = .milliseconds(1)
    timing.claimInterval = .zero
    return timing
  }
}
