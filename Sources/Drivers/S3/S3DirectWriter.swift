import Core
import NIOCore

/// Writes the content of one request directly to its destination, where it becomes visible when it is committed.
///
/// No other request can continue it.
final class S3DirectWriter: StorageWriter {
  private(set) var size: Int64 = 0
  private let driver: S3Driver
  private let destination: StoragePath
  private var pending = ByteBuffer()
  private var upload: String?
  private var parts: [S3Part] = []
  private var sending: Task<Result<S3Part, S3Failure>, Never>?
  private var isOver = false

  init(_ driver: S3Driver, _ destination: StoragePath) {
    self.driver = driver
    self.destination = destination
  }

  deinit {
    guard !isOver, upload != nil || sending != nil else { return }
    Self.abandon(driver, destination, upload, sending)
  }

  private var key: String { driver.keys.key(destination) }

  func write(_ bytes: RawSpan) async throws(StorageError) {
    guard !isOver else { throw StorageError(.failed, "write \(destination)", cause: "it is closed") }
    var offset = 0
    while offset < bytes.byteCount {
      let room = driver.sizes.piece(0) - pending.readableBytes
      let end = min(offset + room, bytes.byteCount)
      bytes.extracting(offset..<end).withUnsafeBytes { _ = pending.writeBytes($0) }
      size += Int64(end - offset)
      offset = end
      if pending.readableBytes == driver.sizes.piece(0) { try await send() }
    }
  }

  /// Begins to send the pending bytes, while more are written.
  private func send() async throws(StorageError) {
    try await finishSending()
    let upload: String
    if let begun = self.upload {
      upload = begun
    } else {
      upload = try await driver.perform("write", destination) { () async throws(S3Failure) in
        try await driver.client.createMultipartUpload(key, driver.options)
      }
      self.upload = upload
    }
    sending = Task { [client = driver.client, key, pending, number = parts.count + 1] in
      do throws(S3Failure) {
        return .success(try await client.uploadPart(number, of: upload, key, pending))
      } catch {
        return .failure(error)
      }
    }
    pending = ByteBuffer()
  }

  /// Waits for the part that is being sent.
  private func finishSending() async throws(StorageError) {
    guard let sending else { return }
    self.sending = nil
    switch await sending.value {
    case .success(let part): parts.append(part)
    case .failure(let error): throw StorageError(error, "write \(destination)")
    }
  }

  /// Discards what was written: no other request could continue it.
  func close() async throws(StorageError) {
    try await cancel()
  }

  func commit(to destination: StoragePath) async throws(StorageError) {
    guard !isOver else { throw StorageError(.failed, "write \(destination)", cause: "it is closed") }
    guard destination == self.destination else {
      throw StorageError(.failed, "write \(destination)", cause: "it was begun for \(self.destination)")
    }
    if upload != nil, pending.readableBytes > 0 { try await send() }
    try await finishSending()
    try await driver.perform("write", destination) { () async throws(S3Failure) in
      if let upload {
        try await driver.client.completeMultipartUpload(upload, key, parts, size: size)
      } else {
        try await driver.client.put(key, pending, driver.options)
      }
    }
    isOver = true
    try await driver.confirm(destination, size: size)
  }

  func cancel() async throws(StorageError) {
    guard !isOver else { return }
    isOver = true
    await Self.abort(driver, destination, upload, sending)
    sending = nil
  }

  /// Aborts the multipart upload in the background.
  private static func abandon(
    _ driver: S3Driver, _ destination: StoragePath, _ upload: String?,
    _ sending: Task<Result<S3Part, S3Failure>, Never>?
  ) {
    Task { await abort(driver, destination, upload, sending) }
  }

  private static func abort(
    _ driver: S3Driver, _ destination: StoragePath, _ upload: String?,
    _ sending: Task<Result<S3Part, S3Failure>, Never>?
  ) async {
    sending?.cancel()
    _ = await sending?.value
    if let upload { try? await driver.client.abortMultipartUpload(upload, driver.keys.key(destination)) }
  }
}
