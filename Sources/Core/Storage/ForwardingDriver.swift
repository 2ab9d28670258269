/// A wrapper around a driver: every requirement of ``StorageDriver`` is forwarded to `base`, and a wrapper implements
/// only those that it changes.
///
/// A wrapper can't forget one. `StorageDriver` has no defaults, and the extension below is the one place that forwards:
/// a new requirement that is missing here leaves every wrapper without an implementation, which does not compile. For
/// that, `StorageDriver` must not get a default, nor a wrapper an implementation whose signature differs from the
/// requirement's: it would never be called.
///
/// `list`, `forEachName` and `entries`, and likewise `writer` and `directWriter`, go to `base` one by one: a wrapper
/// that changes what one of them finds or makes implements the others, too.
public protocol ForwardingDriver: StorageDriver {
  /// The driver beneath.
  var base: any StorageDriver { get }
}

extension ForwardingDriver {
  /// The base's.
  public var traits: DriverTraits { base.traits }

  /// See ``StorageDriver/content(at:limit:)``.
  public func content(at path: StoragePath, limit: Int) async throws(StorageError) -> [UInt8] {
    try await base.content(at: path, limit: limit)
  }

  /// See ``StorageDriver/put(_:at:durability:)``.
  public func put(_ content: [UInt8], at path: StoragePath, durability: Durability) async throws(StorageError) {
    try await base.put(content, at: path, durability: durability)
  }

  /// See ``StorageDriver/reader(at:from:)``.
  public func reader(at path: StoragePath, from offset: Int64) async throws(StorageError) -> any StorageReader {
    try await base.reader(at: path, from: offset)
  }

  /// See ``StorageDriver/writer(at:appending:)``.
  public func writer(at path: StoragePath, appending: Bool) async throws(StorageError) -> any StorageWriter {
    try await base.writer(at: path, appending: appending)
  }

  /// See ``StorageDriver/directWriter(to:length:)``.
  public func directWriter(
    to destination: StoragePath, length: Int64?
  ) async throws(StorageError) -> (any StorageWriter)? {
    try await base.directWriter(to: destination, length: length)
  }

  /// See ``StorageDriver/stat(_:)``.
  public func stat(_ path: StoragePath) async throws(StorageError) -> StorageEntry {
    try await base.stat(path)
  }

  /// See ``StorageDriver/list(_:)``.
  public func list(_ path: StoragePath) async throws(StorageError) -> [String] {
    try await base.list(path)
  }

  /// See ``StorageDriver/forEachName(in:_:)``.
  public func forEachName(
    in path: StoragePath, _ visit: (String) async throws(StorageError) -> Void
  ) async throws(StorageError) {
    try await base.forEachName(in: path, visit)
  }

  /// See ``StorageDriver/entries(of:)``.
  public func entries(of directory: StoragePath) async throws(StorageError) -> [DirectoryEntry] {
    try await base.entries(of: directory)
  }

  /// See ``StorageDriver/move(_:to:durability:)``.
  public func move(
    _ source: StoragePath, to destination: StoragePath, durability: Durability
  ) async throws(StorageError) {
    try await base.move(source, to: destination, durability: durability)
  }

  /// See ``StorageDriver/touch(_:)``.
  public func touch(_ path: StoragePath) async throws(StorageError) {
    try await base.touch(path)
  }

  /// See ``StorageDriver/settle(_:)``.
  public func settle(_ path: StoragePath) async throws(StorageError) {
    try await base.settle(path)
  }

  /// See ``StorageDriver/delete(_:durability:)``.
  public func delete(_ path: StoragePath, durability: Durability) async throws(StorageError) {
    try await base.delete(path, durability: durability)
  }

  /// See ``StorageDriver/prune(_:below:)``.
  public func prune(_ directory: StoragePath, below top: StoragePath) async throws(StorageError) {
    try await base.prune(directory, below: top)
  }

  /// See ``StorageDriver/sweepLeftovers(olderThan:)``.
  public func sweepLeftovers(olderThan age: Duration) async throws(StorageError) -> Int {
    try await base.sweepLeftovers(olderThan: age)
  }

  /// See ``StorageDriver/directURL(for:answering:)``.
  public func directURL(
    for path: StoragePath, answering request: DownloadRequest
  ) async throws(StorageError) -> DirectURL? {
    try await base.directURL(for: path, answering: request)
  }

  /// See ``StorageDriver/changeToken(of:)``.
  public func changeToken(of directory: StoragePath) async throws(StorageError) -> ChangeToken? {
    try await base.changeToken(of: directory)
  }
}
