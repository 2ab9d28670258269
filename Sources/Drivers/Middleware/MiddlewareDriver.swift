public import Core

/// A driver with a middleware over it: forwards every call but `directURL`.
public final class MiddlewareDriver: StorageDriver {
  private let driver: any StorageDriver
  private let middleware: any StorageMiddleware

  /// Over `driver`, which may have middleware itself.
  public init(_ middleware: any StorageMiddleware, over driver: any StorageDriver) {
    self.driver = driver
    self.middleware = middleware
  }

  /// The driver's.
  public var traits: DriverTraits { driver.traits }

  /// What the middleware decides.
  public func directURL(
    for path: StoragePath, answering request: DownloadRequest
  ) async throws(StorageError) -> DirectURL? {
    try await middleware.directURL(for: path, answering: request, over: driver)
  }

  /// See ``StorageDriver/content(at:limit:)``.
  public func content(at path: StoragePath, limit: Int) async throws(StorageError) -> [UInt8] {
    try await driver.content(at: path, limit: limit)
  }

  /// See ``StorageDriver/put(_:at:durability:)``.
  public func put(_ content: [UInt8], at path: StoragePath, durability: Durability) async throws(StorageError) {
    try await driver.put(content, at: path, durability: durability)
  }

  /// See ``StorageDriver/reader(at:from:)``.
  public func reader(at path: StoragePath, from offset: Int64) async throws(StorageError) -> any StorageReader {
    try await driver.reader(at: path, from: offset)
  }

  /// See ``StorageDriver/writer(at:appending:)``.
  public func writer(at path: StoragePath, appending: Bool) async throws(StorageError) -> any StorageWriter {
    try await driver.writer(at: path, appending: appending)
  }

  /// See ``StorageDriver/directWriter(to:length:)``.
  public func directWriter(
    to destination: StoragePath, length: Int64?
  ) async throws(StorageError) -> (any StorageWriter)? {
    try await driver.directWriter(to: destination, length: length)
  }

  /// See ``StorageDriver/stat(_:)``.
  public func stat(_ path: StoragePath) async throws(StorageError) -> StorageEntry {
    try await driver.stat(path)
  }

  /// See ``StorageDriver/list(_:)``.
  public func list(_ path: StoragePath) async throws(StorageError) -> [String] {
    try await driver.list(path)
  }

  /// See ``StorageDriver/forEachName(in:_:)``.
  public func forEachName(
    in path: StoragePath, _ visit: (String) async throws(StorageError) -> Void
  ) async throws(StorageError) {
    try await driver.forEachName(in: path, visit)
  }

  /// See ``StorageDriver/entries(of:)``.
  public func entries(of directory: StoragePath) async throws(StorageError) -> [DirectoryEntry] {
    try await driver.entries(of: directory)
  }

  /// See ``StorageDriver/move(_:to:durability:)``.
  public func move(
    _ source: StoragePath, to destination: StoragePath, durability: Durability
  ) async throws(StorageError) {
    try await driver.move(source, to: destination, durability: durability)
  }

  /// See ``StorageDriver/touch(_:)``.
  public func touch(_ path: StoragePath) async throws(StorageError) {
    try await driver.touch(path)
  }

  /// See ``StorageDriver/settle(_:)``.
  public func settle(_ path: StoragePath) async throws(StorageError) {
    try await driver.settle(path)
  }

  /// See ``StorageDriver/delete(_:durability:)``.
  public func delete(_ path: StoragePath, durability: Durability) async throws(StorageError) {
    try await driver.delete(path, durability: durability)
  }

  /// See ``StorageDriver/prune(_:below:)``.
  public func prune(_ directory: StoragePath, below top: StoragePath) async throws(StorageError) {
    try await driver.prune(directory, below: top)
  }

  /// See ``StorageDriver/sweepLeftovers(olderThan:)``.
  public func sweepLeftovers(olderThan age: Duration) async throws(StorageError) -> Int {
    try await driver.sweepLeftovers(olderThan: age)
  }

  /// See ``StorageDriver/changeToken(of:)``.
  public func changeToken(of directory: StoragePath) async throws(StorageError) -> ChangeToken? {
    try await driver.changeToken(of: directory)
  }
}
