public import Core
import NIOCore

extension S3Driver {
  /// See ``StorageDriver/content(at:limit:)``. Only for files that were put or committed.
  public func content(at path: StoragePath, limit: Int) async throws(StorageError) -> [UInt8] {
    let object = try await perform("read", path) { () async throws(S3Failure) in
      try await client.get(keys.key(path), limit: limit)
    }
    guard let object else { throw notFound("read", path) }
    return Array(object.content.readableBytesView)
  }

  /// See ``StorageDriver/reader(at:from:)``.
  public func reader(at path: StoragePath, from offset: Int64) async throws(StorageError) -> any StorageReader {
    if let reader = try await S3Reader(self, path, keys.key(path), from: offset) { return reader }
    guard let file = try await unfinished(path)?.file else { throw notFound("read", path) }
    return S3UnfinishedReader(self, path, file, from: offset)
  }

  /// See ``StorageDriver/stat(_:)``. A directory's time is that of something in it.
  public func stat(_ path: StoragePath) async throws(StorageError) -> StorageEntry {
    let entry = try await perform("look at", path) { () async throws(S3Failure) -> StorageEntry? in
      if path != .root, let head = try await client.head(keys.key(path)) {
        return StorageEntry(isDirectory: false, size: head.size, modified: head.youngestModified)
      }
      let prefix = keys.prefix(path)
      // Two, since a file that is being written may have a lease as well.
      let first = try await client.page(of: prefix, limit: 2).objects
      guard let newest = first.map(\.modified).max() else {
        return path == .root ? StorageEntry(isDirectory: true, size: 0, modified: 0) : nil
      }
      guard first[0].key.dropFirst(prefix.utf8.count).hasPrefix(S3Keys.ownMark) else {
        return StorageEntry(isDirectory: true, size: 0, modified: newest)
      }
      let head = first[0].key == keys.file(path) ? try await client.head(first[0].key) : nil
      return StorageEntry(
        isDirectory: false, size: head?.note.flatMap { S3Sizes.object($0) } ?? 0,
        modified: max(newest, head?.youngestModified ?? 0))
    }
    guard let entry else { throw notFound("look at", path) }
    return entry
  }

  /// The list of pieces of a file that was not committed yet; nil where there is none.
  func unfinished(
    _ path: StoragePath, isCancellable: Bool = true
  ) async throws(StorageError) -> (file: S3UnfinishedFile, etag: String)? {
    let object = try await perform("read", path) { () async throws(S3Failure) in
      try await client.get(keys.file(path), limit: S3UnfinishedFile.largest, isCancellable: isCancellable)
    }
    guard let object else { return nil }
    guard let file = S3UnfinishedFile(parsing: object.content) else {
      throw StorageError(.failed, "read \(path)", cause: "\(keys.file(path)) is damaged")
    }
    return (file, object.head.etag)
  }
}
