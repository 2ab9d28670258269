/// One request's hold on an upload: no other request writes to it until the session has ended.
///
/// It ends once: `append` and `finish` end it whatever comes of them, `remove` and `letGo` do nothing more.
final class UploadSession {
  private let repository: Repository
  private let id: UploadID
  private let startedAt: String?
  private let writer: any StorageWriter
  private let kind: Kind
  /// Hash of all that the upload holds; nil until something was received or verified.
  private var hash: BackgroundHash?
  /// Whether the file has become the blob's content.
  private var isMoved = false
  private var isOver = false
  /// Whether a write failed because the storage is full.
  private var isOutOfSpace = false
  private var driver: any StorageDriver { repository.driver }
  private var hashStates: UploadHashStates { UploadHashStates(driver, repository.name, id) }

  /// What a request that fails leaves to the next one.
  enum Kind {
    /// An upload that holds what has arrived, and can be continued.
    case resumable
    /// An upload that is as empty as before: this request's content is not visible before it is complete.
    case repeatable
    /// Nothing: no other request can see the upload.
    case single
  }

  /// - Parameter startedAt: nil where the upload is a single request's.
  init(
    _ repository: Repository, _ id: UploadID, startedAt: String?, _ writer: any StorageWriter, _ kind: Kind
  ) {
    self.repository = repository
    self.id = id
    self.startedAt = startedAt
    self.writer = writer
    self.kind = kind
  }

  /// The upload as it stands.
  var upload: Upload { Upload(id: id, startedAt: startedAt ?? "", size: writer.size) }

  /// Appends a body. After a failure, the upload keeps what arrived, and can be continued. If the storage is full, the
  /// upload is removed: clients start a new one after such a failure, and the old one would keep the storage full.
  func append(_ body: any RequestBody, _ chunk: UploadChunk) async throws(RegistryError) {
    do throws(RegistryError) {
      try await receive(body, chunk, hashing: nil)
    } catch {
      await endAfterFailure()
      throw error
    }
    do {
      try await release()
    } catch  where error.code == .notFound {
      throw RegistryError.uploadUnknown(id)
    } catch {
      throw RegistryError(storage: error)
    }
  }

  /// Takes a body as the last bytes, verifies the whole, and makes it a blob of the repository.
  ///
  /// If the body breaks off, the upload can be continued, if it is `resumable`. If the content has another digest, the
  /// upload is removed, since its last bytes can't be taken back; also if the storage is full.
  func finish(_ body: any RequestBody, _ chunk: UploadChunk, as digest: Digest) async throws(RegistryError) {
    do throws(RegistryError) {
      try await receive(body, chunk, hashing: digest.algorithm)
      try await complete(as: digest)
    } catch {
      await endAfterFailure()
      throw error
    }
  }

  private func complete(as digest: Digest) async throws(RegistryError) {
    let isVerified: Bool
    do throws(StorageError) {
      if try await self.digest(with: digest.algorithm) == digest {
        try await keep(as: digest)
        isVerified = true
      } else {
        isVerified = try await wasMoved(to: digest)
        if isVerified { try await repository.blobs.link(digest) }
        try await remove()
      }
    } catch  where error.code == .notFound {
      throw RegistryError.uploadUnknown(id)
    } catch {
      throw failure(error)
    }
    guard isVerified else {
      throw RegistryError(
        .digestInvalid, "the content has another digest; the upload is gone",
        detail: ["digest": digest.description])
    }
  }

  // MARK: - The end

  /// Ends the upload and removes its files. If one removal fails, the others are tried all the same.
  func remove() async throws(StorageError) {
    guard !isOver else { return }
    isOver = true
    // Before the lock on the file is released, so that a request that waits for it doesn't start with an empty file. A
    // file that has become a blob has no lock any more.
    let hidden = await outcome { () async throws(StorageError) in if !isMoved { try await hide() } }
    let cancelled = await outcome { () async throws(StorageError) in try await writer.cancel() }
    try await delete(StorageLayout.upload(repository.name, id))
    try hidden.get()
    try cancelled.get()
  }

  /// Releases the upload for the next request. Errors are ignored: the request has failed for another reason already.
  func letGo() async {
    try? await release()
  }

  private func endAfterFailure() async {
    if kind == .single || isOutOfSpace { try? await remove() } else { await letGo() }
  }

  /// - Throws: `.notFound` where the upload was finished or cancelled meanwhile.
  private func release() async throws(StorageError) {
    guard !isOver else { return }
    isOver = true
    await keepHash()
    do {
      try await writer.close()
    } catch {
      // Another request has ended the upload: remove what this one has written since, such as the state of its hash.
      if error.code == .notFound || error.code == .busy, startedAt != nil,
        (try? await driver.isThere(StorageLayout.uploadStartedAt(repository.name, id))) == false
      {
        try? await delete(StorageLayout.upload(repository.name, id))
      }
      throw error
    }
  }

  /// Stores the state of the hash for the next request, if there can be one. It only saves work, so errors are ignored.
  private func keepHash() async {
    guard !isMoved, kind == .resumable, let hasher = hash?.current, hasher.count == writer.size else { return }
    try? await hashStates.store(hasher)
  }

  /// Keeps requests from finding the upload.
  private func hide() async throws(StorageError) {
    guard startedAt != nil else { return }
    try await delete(StorageLayout.uploadStartedAt(repository.name, id))
  }

  private func delete(_ path: StoragePath) async throws(StorageError) {
    do {
      try await driver.delete(path, durability: .process)
    } catch  where error.code == .notFound {
    }
  }

  private func failure(_ error: StorageError) -> RegistryError {
    guard error.code == .full else { return RegistryError(storage: error) }
    isOutOfSpace = true
    return RegistryError(uploadWithoutSpace: error)
  }

  // MARK: - Becoming a blob

  /// Content first, durably, then the link that makes it visible.
  private func keep(as digest: Digest) async throws(StorageError) {
    // Nothing was written to the upload's own file, so a cancellation did not have to wait for this request.
    if kind == .repeatable {
      guard try await driver.isThere(StorageLayout.uploadStartedAt(repository.name, id)) else {
        throw StorageError(.notFound, "finish upload \(id)")
      }
    }
    let intent = await repository.blobs.intend(digest)
    let blob = CachedBlob(size: writer.size, claimed: WallClock.now)
    let blobs = repository.registry.blobs
    let claim = try await blobs.claimInStorage(digest, isComing: true)
    let isThere = claim?.size == blob.size
    if isThere {
      try await driver.settle(StorageLayout.blobData(digest))
    } else {
      // On a file system this claims it, too: the claim is the modification time.
      try await writer.commit(to: StorageLayout.blobData(digest))
      isMoved = true
      try await blobs.removal.keepClaim(of: digest, in: blobs)
      try await confirm(digest, blob.size)
    }
    try await repository.blobs.link(digest, isSettled: isThere)
    repository.blobs.remember(isThere ? claim?.cached : blob, intent)
    // Removed last: after a crash before this, a client that repeats the request still finds the upload. The purge
    // removes what is left.
    try? await remove()
  }

  /// On eventually consistent storage: waits until it shows the content. If it doesn't, the upload stays, and a client
  /// that closes it again finds the content (``wasMoved(to:)``).
  private func confirm(_ digest: Digest, _ size: Int64) async throws(StorageError) {
    guard driver.isEventuallyConsistent else { return }
    let path = StorageLayout.blobData(digest)
    for attempt in 0...UploadSession.confirmations {
      if attempt > 0 { try? await Task.sleep(for: UploadSession.confirmationPause) }
      do {
        if try await driver.stat(path).size == size { return }
      } catch  where error.code == .notFound {
        // Not yet.
      }
    }
    throw StorageError(.unavailable, "find \(path)", cause: "the storage does not show what was just written")
  }

  /// How often `confirm` looks again.
  private static let confirmations = 3
  /// The pause between two looks.
  private static let confirmationPause = Duration.milliseconds(100)

  /// Whether a request verified the content and moved it, but died before it linked it. Then the upload is empty, and
  /// the stored state of its hash has the digest.
  private func wasMoved(to digest: Digest) async throws(StorageError) -> Bool {
    guard writer.size == 0, let hasher = try await hashStates.newest(digest.algorithm, size: .max),
      hasher.count > 0, hasher.finalize() == digest
    else { return false }
    return try await repository.registry.blobs.claim(digest) == hasher.count
  }

  // MARK: - Receiving and hashing

  private func receive(
    _ body: any RequestBody, _ chunk: UploadChunk, hashing algorithm: Digest.Algorithm?
  ) async throws(RegistryError) {
    var buffers = [IOBuffer(capacity: IOBuffer.capacity(forStreaming: chunk.length))]
    var turn = 0
    var incoming = UploadBody(body, length: chunk.length)
    while true {
      let buffer = buffers[turn]
      let problem = await incoming.fill(buffer)
      let isLast = problem != nil || incoming.isAtEnd
      do {
        try await write(buffer, algorithm, inBackground: !isLast)
      } catch {
        throw failure(error)
      }
      if let problem { throw problem }
      if isLast { return }
      // This buffer is still being hashed; the next in turn no longer is.
      turn = (turn + 1) % (BackgroundHash.depth + 1)
      if turn == buffers.count { buffers.append(IOBuffer()) } else { buffers[turn].removeAll() }
    }
  }

  /// Writes, then hashes the bytes that were written.
  private func write(
    _ buffer: IOBuffer, _ algorithm: Digest.Algorithm?, inBackground: Bool
  ) async throws(StorageError) {
    guard buffer.count > 0 else { return }
    if hash == nil {
      // States for more bytes than the file has must not be used for what is written now.
      if kind == .resumable { try await hashStates.forget(beyond: writer.size) }
      hash = BackgroundHash(try await resumeHash(algorithm))
    }
    let before = writer.size
    var failure: StorageError?
    do {
      try await writer.write(buffer.bytes)
    } catch {
      failure = error
    }
    let written = Int(writer.size - before)
    if inBackground && failure == nil {
      hash?.begin(buffer, first: written)
    } else {
      hash?.update(buffer, first: written)
    }
    if let failure { throw failure }
  }

  /// The digest of all that the upload holds.
  private func digest(with algorithm: Digest.Algorithm) async throws(StorageError) -> Digest {
    if let hasher = hash?.current, hasher.algorithm == algorithm { return hasher.finalize() }
    return try await resumeHash(algorithm).finalize()
  }

  /// The hash of what the upload holds: from the newest stored state, and the bytes after it, read back.
  private func resumeHash(_ algorithm: Digest.Algorithm?) async throws(StorageError) -> ContentHasher {
    var hasher = try await hashStates.latest(algorithm, size: writer.size)
    guard hasher.count < writer.size else { return hasher }
    let reader = try await driver.reader(at: StorageLayout.uploadData(repository.name, id), from: hasher.count)
    let buffer = IOBuffer(capacity: IOBuffer.capacity(forStreaming: writer.size - hasher.count))
    while hasher.count < writer.size {
      buffer.removeAll()
      guard try await reader.read(into: buffer) > 0 else {
        throw StorageError(.failed, "hash upload \(id)", cause: "it is shorter than it was")
      }
      hasher.update(buffer.bytes)
    }
    return hasher
  }
}
