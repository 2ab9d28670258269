/// One request's hold on an upload: no other request writes to it until the session has ended.
///
/// It ends once: `append` and `finish` end it whatever comes of them, `remove` and `letGo` do nothing more.
final class UploadSession {
  private let repository: Repository
  private let id: UploadID
  private let startedAt: String?
  private let writer: any StorageWriter
  private let kind: Kind
  /// Of all that the upload holds, once something was received or verified.
  private var hash: BackgroundHash?
  /// Whether the file has become the blob's content.
  private var isMoved = false
  private var isOver = false
  /// Whether a write failed for want of space.
  private var isOutOfSpace = false
  private var driver: any StorageDriver { repository.driver }
  private var hashStates: UploadHashStates { UploadHashStates(driver, repository.name, id) }

  /// What a request that fails leaves to the next one.
  enum Kind {
    /// An upload that holds what has arrived, and can be gone on with.
    case resumable
    /// An upload that is as empty as it was: this request's content is nowhere before it is whole.
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

  /// Takes a body as the next bytes. What arrived stays, whatever fails, and can be gone on from; but where the storage
  /// is full, the upload goes: clients begin anew after such a failure, and what they left would keep it full.
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
  /// A body that breaks off leaves the upload to be gone on from, if that is its kind; content that has another digest
  /// takes the upload with it, since its last bytes can't be taken back; and so does storage that is full.
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

  /// Ends the upload and removes what is left of it: all of it is tried, whatever fails.
  func remove() async throws(StorageError) {
    guard !isOver else { return }
    isOver = true
    // Before the lock on the file goes, so that a request that waits for it doesn't begin anew. A file that has become a
    // blob has no lock any more.
    let hidden = await outcome { () async throws(StorageError) in if !isMoved { try await hide() } }
    let cancelled = await outcome { () async throws(StorageError) in try await writer.cancel() }
    try await delete(StorageLayout.upload(repository.name, id))
    try hidden.get()
    try cancelled.get()
  }

  /// Leaves the upload to the next request. What can't be kept now is not told to the client, whose request has failed
  /// for another reason.
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
      // Others have ended the upload: what this request has made since, as the state of its hash, is left to no request.
      if error.code == .notFound || error.code == .busy, startedAt != nil,
        (try? await driver.isThere(StorageLayout.uploadStartedAt(repository.name, id))) == false
      {
        try? await delete(StorageLayout.upload(repository.name, id))
      }
      throw error
    }
  }

  /// Keeps the hash for the next request, if there can be one. It only saves work, so a failure is none of the
  /// client's.
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
    // Where nothing was written to the upload's own file, a cancellation did not have to wait.
    if kind == .repeatable {
      guard try await driver.isThere(StorageLayout.uploadStartedAt(repository.name, id)) else {
        throw StorageError(.notFound, "finish upload \(id)")
      }
    }
    let intent = await repository.blobs.intend(digest)
    let blob = CachedBlob(size: writer.size, claimed: WallClock.now)
    let claim = try await repository.registry.blobs.claimInStorage(digest, isComing: true)
    let isThere = claim?.size == blob.size
    if isThere {
      try await driver.settle(StorageLayout.blobData(digest))
    } else {
      // Which claims it, where a content's own time does.
      try await writer.commit(to: StorageLayout.blobData(digest))
      isMoved = true
      try await repository.registry.blobs.keepClaim(digest)
      try await confirm(digest, blob.size)
    }
    try await repository.blobs.link(digest, isSettled: isThere)
    repository.blobs.remember(isThere ? claim?.cached : blob, intent)
    // Only now: who asks again after a crash in between finds the upload, and what it held. What may be left of it is
    // for the purge.
    try? await remove()
  }

  /// Waits until storage that is only eventually consistent shows what was put in its place. Where it doesn't, the
  /// upload stays: a client that closes it again finds the content (``wasMoved(to:)``).
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

  /// How often the storage is asked again.
  private static let confirmations = 3
  /// Between two times.
  private static let confirmationPause = Duration.milliseconds(100)

  /// Whether a request that died has verified the content and moved it, but did not come to link it: the upload is
  /// empty, and the hash of what it held says the rest.
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
    var intake = UploadIntake(body, length: chunk.length)
    while true {
      let buffer = buffers[turn]
      let problem = await intake.fill(buffer)
      let isLast = problem != nil || intake.isAtEnd
      do {
        try await write(buffer, algorithm, inBackground: !isLast)
      } catch {
        throw failure(error)
      }
      if let problem { throw problem }
      if isLast { return }
      // This one is still being hashed, and the next in turn no longer.
      turn = (turn + 1) % (BackgroundHash.depth + 1)
      if turn == buffers.count { buffers.append(IOBuffer()) } else { buffers[turn].removeAll() }
    }
  }

  /// Writes, then hashes what was truly written.
  private func write(
    _ buffer: IOBuffer, _ algorithm: Digest.Algorithm?, inBackground: Bool
  ) async throws(StorageError) {
    guard buffer.count > 0 else { return }
    if hash == nil {
      // States that outlived what they cover must not be taken for those of what is written now.
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

  /// The hash of what the upload holds, from its newest state; what that doesn't cover is read back.
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
