package import Core
import Drivers

/// Storage in memory that has no more to offer than an object store: a move is a copy and a deletion, nothing can be
/// touched, directories are but the names of what is in them, and times are whole seconds.
package final class ObjectStoreDriver: ForwardingDriver {
  package let base: any StorageDriver = InMemoryDriver()
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

  package func writer(at path: StoragePath, appending: Bool) async throws(StorageError) -> any StorageWriter {
    ObjectWriter(try await base.writer(at: path, appending: appending), path, self)
  }

  package func directWriter(
    to destination: StoragePath, length: Int64?
  ) async throws(StorageError) -> (any StorageWriter)? {
    length == nil ? nil : DirectWriter(destination, self)
  }

  package func stat(_ path: StoragePath) async throws(StorageError) -> StorageEntry {
    let entry = try await base.stat(path)
    return StorageEntry(
      isDirectory: entry.isDirectory, size: entry.size, modified: entry.modified - entry.modified % resolution)
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
    try await base.put(base.content(at: source, limit: .max), at: destination, durability: .process)
  }

  package func touch(_ path: StoragePath) async throws(StorageError) {
    throw StorageError(.failed, "touch \(path)", cause: "no object can be touched")
  }

  package func delete(_ path: StoragePath, durability: Durability) async throws(StorageError) {
    try await base.delete(path, durability: durability)
    try await base.prune(path.parent, below: .root)
  }

  package func prune(_ directory: StoragePath, below top: StoragePath) async throws(StorageError) {}

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
      try await driver.base.prune(path.parent, below: .root)
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
