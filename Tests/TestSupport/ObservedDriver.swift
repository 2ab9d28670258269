package import Core

/// A call to the storage.
package struct DriverCall: Sendable, CustomStringConvertible {
  package let name: String
  package let path: StoragePath
  /// Whether it changes something.
  package let isMutation: Bool

  package init(_ name: String, _ path: StoragePath, isMutation: Bool = false) {
    self.name = name
    self.path = path
    self.isMutation = isMutation
  }

  package var description: String { "\(name) \(path)" }
}

/// A wrapper that learns of each call but `directURL` before it is made, and can make it fail. What is listed with
/// `forEachName` or `entries` is `list` and `stat` to it.
package protocol ObservedDriver: ForwardingDriver {
  func willCall(_ call: DriverCall) async throws(StorageError)
}

extension ObservedDriver {
  private func announce(_ name: String, _ path: StoragePath) async throws(StorageError) {
    try await willCall(DriverCall(name, path))
  }

  private func announceChange(_ name: String, _ path: StoragePath) async throws(StorageError) {
    try await willCall(DriverCall(name, path, isMutation: true))
  }

  package func content(at path: StoragePath, limit: Int) async throws(StorageError) -> [UInt8] {
    try await announce("content", path)
    return try await base.content(at: path, limit: limit)
  }

  package func put(_ content: [UInt8], at path: StoragePath, durability: Durability) async throws(StorageError) {
    try await announceChange("put", path)
    try await base.put(content, at: path, durability: durability)
  }

  package func reader(at path: StoragePath, from offset: Int64) async throws(StorageError) -> any StorageReader {
    try await announce("reader", path)
    return try await base.reader(at: path, from: offset)
  }

  package func writer(at path: StoragePath, appending: Bool) async throws(StorageError) -> any StorageWriter {
    try await announceChange("writer", path)
    return try await base.writer(at: path, appending: appending)
  }

  /// Counts as a call where there is a writer.
  package func directWriter(
    to destination: StoragePath, length: Int64?
  ) async throws(StorageError) -> (any StorageWriter)? {
    guard let writer = try await base.directWriter(to: destination, length: length) else { return nil }
    try await announceChange("directWriter", destination)
    return writer
  }

  package func stat(_ path: StoragePath) async throws(StorageError) -> StorageEntry {
    try await announce("stat", path)
    return try await base.stat(path)
  }

  package func list(_ path: StoragePath) async throws(StorageError) -> [String] {
    try await announce("list", path)
    return try await base.list(path)
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
    try await announceChange("move", source)
    try await base.move(source, to: destination, durability: durability)
  }

  package func touch(_ path: StoragePath) async throws(StorageError) {
    try await announceChange("touch", path)
    try await base.touch(path)
  }

  package func settle(_ path: StoragePath) async throws(StorageError) {
    try await announce("settle", path)
    try await base.settle(path)
  }

  package func delete(_ path: StoragePath, durability: Durability) async throws(StorageError) {
    try await announceChange("delete", path)
    try await base.delete(path, durability: durability)
  }

  package func prune(_ directory: StoragePath, below top: StoragePath) async throws(StorageError) {
    try await announceChange("prune", directory)
    try await base.prune(directory, below: top)
  }

  package func sweepLeftovers(olderThan age: Duration) async throws(StorageError) -> Int {
    try await announceChange("sweepLeftovers", .root)
    return try await base.sweepLeftovers(olderThan: age)
  }

  package func changeToken(of directory: StoragePath) async throws(StorageError) -> ChangeToken? {
    try await announce("changeToken", directory)
    return try await base.changeToken(of: directory)
  }
}
