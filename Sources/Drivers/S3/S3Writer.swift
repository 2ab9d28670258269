import Core
import NIOCore

/// Writes a file over several requests, to any host, until it is committed.
///
/// Each full piece becomes an object of its own, under a name that no other writer uses; a rest below the minimum part
/// size of a multipart upload is stored with the list of the pieces (``S3UnfinishedFile``). A commit copies the pieces
/// together within the store. So nothing is read back or sent twice, chunks may be of any size, and leftovers of a
/// writer that died are removed with the upload's directory.
final class S3Writer: StorageWriter {
  private let driver: S3Driver
  private let path: StoragePath
  private let lease: S3Lease
  /// The pieces that the store has or is being sent.
  private var file: S3UnfinishedFile
  /// Entity tag of the object that holds `file`; nil: there is none.
  private var etag: String?
  /// Bytes after `file`: less than a piece, unless the piece before could not be sent.
  private var pending: ByteBuffer
  private var sending: Sending?
  private var hasChanged = false
  /// Whether it was closed, committed or cancelled.
  private var isEnded = false
  /// Whether nothing is left to do. If `close` failed, the rest is done when the writer is released.
  private var isOver = false

  private struct Sending: Sendable {
    var number: Int
    var content: ByteBuffer
    var task: Task<S3Failure?, Never>
  }

  init(_ driver: S3Driver, _ path: StoragePath, _ lease: S3Lease, appending: Bool) async throws(StorageError) {
    self.driver = driver
    self.path = path
    self.lease = lease
    file = S3UnfinishedFile()
    pending = ByteBuffer()
    if let found = try await driver.unfinished(path, isCancellable: false) {
      etag = found.etag
      if appending {
        (file, pending) = (found.file, found.file.tail)
        file.tail = ByteBuffer()
      } else {
        hasChanged = true
      }
    } else {
      try await adopt(appending: appending)
    }
  }

  /// Makes the first piece from a file that was put at `path`, or committed to it.
  private func adopt(appending: Bool) async throws(StorageError) {
    let key = driver.keys.key(path)
    try await driver.perform("write", path) { () async throws(S3Failure) in
      guard let head = try await driver.client.head(key, isCancellable: false) else { return }
      hasChanged = true
      if appending, head.size < S3Sizes.leastPart {
        pending =
          try await driver.client.get(key, limit: S3Sizes.leastPart, isCancellable: false)?.content ?? ByteBuffer()
      } else if appending {
        let piece = driver.keys.piece(path, lease.writer, 0)
        try await S3Assembly(driver.client, driver.options, driver.sizes).assemble(
          driver.sizes.copyRanges(head.size).map { S3Range(key: key, bytes: $0) }, tail: nil, size: head.size, to: piece
        )
        file.append(0, by: lease.writer, size: Int(head.size))
      }
    }
    guard hasChanged else { return }
    try await save()
    try await driver.perform("write", path) { () async throws(S3Failure) in try await driver.client.delete(key) }
  }

  deinit {
    guard !isOver else { return }
    // A writer that is dropped without an end is closed in the background; the next writer waits for its lease.
    let heir = Inheritance(writer: S3Writer(of: self))
    Task {
      try? await heir.writer.close()
      heir.writer.isOver = true
    }
  }

  private init(of other: S3Writer) {
    driver = other.driver
    path = other.path
    lease = other.lease
    file = other.file
    etag = other.etag
    pending = other.pending
    sending = other.sending
    hasChanged = other.hasChanged
  }

  /// Includes bytes that are being sent: they are kept until the store has them.
  var size: Int64 { file.size + Int64((sending?.content.readableBytes ?? 0) + pending.readableBytes) }

  func write(_ bytes: RawSpan) async throws(StorageError) {
    guard !isEnded else { throw StorageError(.failed, "write \(path)", cause: "it is closed") }
    try await checkLease()
    hasChanged = true
    var offset = 0
    while offset < bytes.byteCount {
      if pending.readableBytes >= pieceSize { try await send() }
      let end = min(offset + pieceSize - pending.readableBytes, bytes.byteCount)
      bytes.extracting(offset..<end).withUnsafeBytes { _ = pending.writeBytes($0) }
      offset = end
    }
  }

  func close() async throws(StorageError) {
    guard !isEnded else { return }
    isEnded = true
    if hasChanged || etag == nil {
      try await flush()
      try await save()
    }
    isOver = true
    try await lease.giveBack()
  }

  func commit(to destination: StoragePath) async throws(StorageError) {
    guard !isEnded else { throw StorageError(.failed, "write \(path)", cause: "it is closed") }
    // A file that was removed while it was written has no lease any more.
    guard try await lease.isHeld(renewing: true) else { throw driver.notFound("move", path) }
    try await finishSending()
    let size = size
    if file.runs.isEmpty {
      try await driver.perform("move", path) { () async throws(S3Failure) in
        try await driver.client.put(driver.keys.key(destination), pending, driver.options)
      }
    } else {
      try await assemble(destination)
    }
    try await driver.confirm(destination, size: size)
    isEnded = true
    isOver = true
    // The content is in its place. What can't be removed now is removed with the upload's directory.
    try? await removeAll()
  }

  func cancel() async throws(StorageError) {
    guard !isEnded else { return }
    isEnded = true
    isOver = true
    sending?.task.cancel()
    _ = await sending?.task.value
    guard try await lease.isHeld(renewing: hasChanged || etag != nil) else { return }
    try await removeAll()
  }

  var renewal: WriterRenewal? {
    WriterRenewal(every: driver.leaseLifetime / 3) { [lease] () async throws(StorageError) in
      try await lease.isHeld(renewing: true)
    }
  }

  // MARK: - Pieces

  private var pieceSize: Int { driver.sizes.piece(file.pieceCount) }

  /// Begins to send the pending bytes as a piece, while more are written.
  private func send() async throws(StorageError) {
    try await finishSending()
    let number = (file.runs.filter { $0.writer == lease.writer }.map { $0.first + $0.count }.max() ?? 0)
    let content = pending
    let task = Task { [driver, key = driver.keys.piece(path, lease.writer, number)] () -> S3Failure? in
      do throws(S3Failure) {
        try await driver.client.put(key, content, driver.options, isCancellable: true)
        return nil
      } catch {
        return error
      }
    }
    sending = Sending(number: number, content: content, task: task)
    pending = ByteBuffer()
  }

  /// Waits for the piece that is being sent. If it failed, its bytes are pending again.
  private func finishSending() async throws(StorageError) {
    guard let current = sending else { return }
    let failure = await current.task.value
    sending = nil
    guard let failure else {
      file.append(current.number, by: lease.writer, size: current.content.readableBytes)
      return
    }
    var content = current.content
    content.writeImmutableBuffer(pending)
    pending = content
    throw StorageError(failure, "write \(path)")
  }

  /// Sends pending bytes, unless they are less than the minimum part size.
  private func flush() async throws(StorageError) {
    try await finishSending()
    guard pending.readableBytes >= S3Sizes.leastPart else { return }
    try await send()
    try await finishSending()
  }

  /// Stores the list of pieces and the pending bytes, unless another writer has.
  private func save() async throws(StorageError) {
    var file = file
    file.tail = pending
    do throws(S3Failure) {
      etag = try await driver.client.put(
        driver.keys.file(path), file.document, driver.options, condition: etag.map { .ifMatches($0) } ?? .ifAbsent,
        note: "\(file.size)")
      hasChanged = false
    } catch {
      if (error.isConditionFailed || error.isNotFound), try await isSaved(file) { return }
      if error.isConditionFailed || error.isNotFound {
        isOver = true
        throw StorageError(.busy, "write \(path)", cause: "another writer has taken it over, or removed it")
      }
      throw StorageError(error, "write \(path)")
    }
  }

  /// Whether `file` was stored, and only the answer got lost.
  private func isSaved(_ file: S3UnfinishedFile) async throws(StorageError) -> Bool {
    guard let found = try await driver.unfinished(path, isCancellable: false), found.file == file else { return false }
    etag = found.etag
    hasChanged = false
    return true
  }

  private func checkLease() async throws(StorageError) {
    guard try await lease.isHeld() else {
      throw StorageError(.busy, "write \(path)", cause: "another writer has taken it over, or removed it")
    }
  }

  // MARK: - The end

  private func assemble(_ destination: StoragePath) async throws(StorageError) {
    let size = size
    try await driver.perform("move", path) { () async throws(S3Failure) in
      let sources = try await S3Grouping(driver, path, lease.writer).sources(file)
      try await S3Assembly(driver.client, driver.options, driver.sizes).assemble(
        sources, tail: pending, size: size, to: driver.keys.key(destination))
    }
  }

  private func removeAll() async throws(StorageError) {
    if !hasChanged && etag == nil && file.runs.isEmpty {
      try await lease.giveBack()
    } else {
      // Removed in the order of the names: first the list, then the lease, then pieces, which no list names any more.
      try await driver.perform("remove", path) { () async throws(S3Failure) in
        _ = try await driver.deleteAll(driver.keys.prefix(path) + S3Keys.ownMark)
      }
    }
    lease.isRemoved()
  }
}

/// Carries a dropped writer's state to the task that closes it.
///
/// `@unchecked Sendable`: the original writer is being deinitialised, so only the task uses the state.
private struct Inheritance: @unchecked Sendable {
  let writer: S3Writer
}

extension S3Driver {
  /// Waits until the store shows the committed object: up to three more looks, 100 ms apart, as docker/distribution
  /// does.
  func confirm(_ path: StoragePath, size: Int64) async throws(StorageError) {
    for attempt in 0...3 {
      if attempt > 0 { try? await Task.sleep(for: .milliseconds(100)) }
      let head = try await perform("find", path) { () async throws(S3Failure) in
        try await client.head(keys.key(path), isCancellable: false)
      }
      if head?.size == size { return }
    }
    throw StorageError(.unavailable, "find \(path)", cause: "the object store does not show what was just written")
  }
}
