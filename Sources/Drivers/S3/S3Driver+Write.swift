public import Core
import NIOCore

extension S3Driver {
  /// See ``StorageDriver/put(_:at:durability:)``.
  public func put(_ content: [UInt8], at path: StoragePath, durability: Durability) async throws(StorageError) {
    try await perform("write", path) { () async throws(S3Failure) in
      try await client.put(keys.key(path), ByteBuffer(bytes: content), options)
    }
  }

  /// See ``StorageDriver/writer(at:appending:)``.
  public func writer(at path: StoragePath, appending: Bool) async throws(StorageError) -> any StorageWriter {
    let lease = try await S3Lease.take(self, path)
    do {
      return try await S3Writer(self, path, lease, appending: appending)
    } catch {
      try? await lease.giveBack()
      throw error
    }
  }

  /// See ``StorageDriver/directWriter(to:length:)``.
  public func directWriter(
    to destination: StoragePath, length: Int64?
  ) async throws(StorageError) -> (any StorageWriter)? {
    guard let length, sizes.fitsParts(length) else { return nil }
    return S3DirectWriter(self, destination)
  }

  /// See ``StorageDriver/move(_:to:durability:)``: a copy, and then a removal, so that for a moment both exist.
  public func move(
    _ source: StoragePath, to destination: StoragePath, durability: Durability
  ) async throws(StorageError) {
    let isMoved = try await perform("move", source) { () async throws(S3Failure) in
      guard let head = try await client.head(keys.key(source), isCancellable: false) else { return false }
      if source == destination { return true }
      try await copy(keys.key(source), head, to: keys.key(destination))
      try await client.delete(keys.key(source))
      return true
    }
    if isMoved { return }
    guard try await unfinished(source) != nil else { throw notFound("move", source) }
    try await writer(at: source, appending: true).commit(to: destination)
  }

  /// See ``StorageDriver/touch(_:)``: a copy onto itself.
  public func touch(_ path: StoragePath) async throws(StorageError) {
    let key = keys.key(path)
    let isThere = try await perform("touch", path) { () async throws(S3Failure) in
      guard let head = try await client.head(key) else { return false }
      try await copy(key, head, to: key)
      return true
    }
    guard isThere else { throw notFound("touch", path) }
  }

  private func copy(_ source: String, _ head: S3ObjectHead, to key: String) async throws(S3Failure) {
    guard head.size > sizes.copyThreshold else {
      guard try await client.copyObject(source, to: key, options) else { throw S3Failure(status: 404, body: nil) }
      return
    }
    try await S3Assembly(client, options, sizes).assemble(
      sizes.copyRanges(head.size).map { S3Range(key: source, bytes: $0) }, tail: nil, size: head.size, to: key)
  }
}
