public import Core
import NIOConcurrencyHelpers

/// Storage in the memory of one process, for trials and tests: it ends with the process.
public final class InMemoryDriver: StorageDriver {
  /// As a file system's.
  public let traits = DriverTraits(name: "inmemory", isEventuallyConsistent: false, concurrency: 1, removalTiming: nil)
  private let tree = NIOLockedValueBox(InMemoryTree())
  private let patience: Duration

  /// Empty.
  /// - Parameter patience: how long a writer waits for another.
  public init(patience: Duration = writerPatience) {
    self.patience = patience
  }

  /// Looks at the tree or changes it.
  func withTree<Value: Sendable>(
    _ body: (inout InMemoryTree) throws(StorageError) -> Value
  ) throws(StorageError) -> Value {
    try tree.withLockedValue { tree in Result { () throws(StorageError) in try body(&tree) } }.get()
  }

  /// See ``StorageDriver/content(at:limit:)``.
  public func content(at path: StoragePath, limit: Int) async throws(StorageError) -> [UInt8] {
    let file = try withTree { tree throws(StorageError) in try tree.file(path, "read") }
    guard file.size <= limit else {
      throw StorageError(.tooLarge, "read \(path)", cause: "longer than \(limit) bytes")
    }
    return file.content
  }

  /// See ``StorageDriver/put(_:at:durability:)``.
  public func put(_ content: [UInt8], at path: StoragePath, durability: Durability) async throws(StorageError) {
    try withTree { tree throws(StorageError) in _ = try tree.put(content, at: path, "put") }
  }

  /// See ``StorageDriver/reader(at:from:)``.
  public func reader(at path: StoragePath, from offset: Int64) async throws(StorageError) -> any StorageReader {
    let file = try withTree { tree throws(StorageError) in try tree.file(path, "read") }
    return InMemoryReader(path, file, offset: max(0, offset))
  }

  /// See ``StorageDriver/writer(at:appending:)``.
  public func writer(at path: StoragePath, appending: Bool) async throws(StorageError) -> any StorageWriter {
    let (identity, size) = try untilFree("write \(path)", patience: patience) { () throws(StorageError) in
      try withTree { tree throws(StorageError) in try tree.open(path, appending: appending) }
    }
    return InMemoryWriter(self, path, identity: identity, size: size)
  }

  /// nil: nothing is copied to move a file.
  public func directWriter(
    to destination: StoragePath, length: Int64?
  ) async throws(StorageError) -> (any StorageWriter)? { nil }

  /// See ``StorageDriver/stat(_:)``.
  public func stat(_ path: StoragePath) async throws(StorageError) -> StorageEntry {
    try withTree { tree throws(StorageError) in try tree.stat(path) }
  }

  /// See ``StorageDriver/list(_:)``.
  public func list(_ path: StoragePath) async throws(StorageError) -> [String] {
    try withTree { tree throws(StorageError) in try tree.names(path) }
  }

  /// See ``StorageDriver/forEachName(in:_:)``.
  public func forEachName(
    in path: StoragePath, _ visit: (String) async throws(StorageError) -> Void
  ) async throws(StorageError) {
    try await forEachListedName(in: path, visit)
  }

  /// See ``StorageDriver/entries(of:)``.
  public func entries(of directory: StoragePath) async throws(StorageError) -> [DirectoryEntry] {
    try await entriesByStat(of: directory)
  }

  /// See ``StorageDriver/move(_:to:durability:)``.
  public func move(
    _ source: StoragePath, to destination: StoragePath, durability: Durability
  ) async throws(StorageError) {
    try withTree { tree throws(StorageError) in try tree.move(source, to: destination, "move") }
  }

  /// See ``StorageDriver/touch(_:)``.
  public func touch(_ path: StoragePath) async throws(StorageError) {
    try withTree { tree throws(StorageError) in try tree.touch(path) }
  }

  /// Only checks that the file exists: nothing here survives the process.
  public func settle(_ path: StoragePath) async throws(StorageError) {
    try withTree { tree throws(StorageError) in _ = try tree.file(path, "settle") }
  }

  /// See ``StorageDriver/delete(_:durability:)``. The root itself can't be deleted: `.denied`.
  public func delete(_ path: StoragePath, durability: Durability) async throws(StorageError) {
    try withTree { tree throws(StorageError) in try tree.delete(path) }
  }

  /// See ``StorageDriver/prune(_:below:)``.
  public func prune(_ directory: StoragePath, below top: StoragePath) async throws(StorageError) {
    try withTree { tree throws(StorageError) in tree.prune(directory, below: top) }
  }

  /// There are none: what a process left is gone with it.
  public func sweepLeftovers(olderThan age: Duration) async throws(StorageError) -> Int {
    0
  }

  /// nil: only this process has the bytes.
  public func directURL(for path: StoragePath, answering request: DownloadRequest) async throws(StorageError)
    -> DirectURL?
  {
    nil
  }

  /// See ``StorageDriver/changeToken(of:)``. Never nil.
  public func changeToken(of directory: StoragePath) async throws(StorageError) -> ChangeToken? {
    try withTree { tree throws(StorageError) in ChangeToken(try tree.version(directory)) }
  }
}
