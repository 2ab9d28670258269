/// The unfinished uploads of one repository.
///
/// An upload's own files are the authority on what it holds; `startedat` is what makes it exist.
struct UploadService {
  private let repository: Repository
  private var driver: any StorageDriver { repository.driver }
  private var name: RepositoryName { repository.name }

  init(_ repository: Repository) {
    self.repository = repository
  }

  /// Begins an upload. Its bytes will be hashed with `algorithm` as they arrive.
  func begin(_ algorithm: Digest.Algorithm = .sha256) async throws(StorageError) -> Upload {
    let upload = Upload(id: UploadID(), startedAt: RFC3339.now, size: 0)
    // Before what makes the upload exist, so that no PATCH can miss it.
    if algorithm != .sha256 {
      try await UploadHashStates(driver, name, upload.id).store(ContentHasher(algorithm))
    }
    try await driver.put(
      Array(upload.startedAt.utf8), at: StorageLayout.uploadStartedAt(name, upload.id), durability: .process)
    return upload
  }

  /// An upload as it stands; throws `BLOB_UPLOAD_UNKNOWN` where there is none.
  func find(_ id: UploadID) async throws(RegistryError) -> Upload {
    let startedAt = try await startedAt(id)
    do {
      let size = try await driver.stat(StorageLayout.uploadData(name, id)).size
      return Upload(id: id, startedAt: startedAt, size: size)
    } catch  where error.code == .notFound {
      return Upload(id: id, startedAt: startedAt, size: 0)
    } catch {
      throw RegistryError(storage: error)
    }
  }

  /// Opens an upload for one request alone. Throws `BLOB_UPLOAD_UNKNOWN` where there is none, and 409 while
  /// another request writes to it.
  func open(_ id: UploadID) async throws(RegistryError) -> UploadSession {
    try await open(id, startedAt: try await startedAt(id))
  }

  /// As `open`, for a request that will close the upload. If the upload is empty, and the storage can write the content
  /// to its destination directly, it does; if the request breaks off, the upload is as empty as before. In this case
  /// the upload is not locked: what other requests send meanwhile is removed with it.
  /// - Parameter length: length of the request's body in bytes; nil where the client doesn't give it.
  func open(
    _ id: UploadID, toCloseAs digest: Digest, length: Int64?
  ) async throws(RegistryError) -> UploadSession {
    let startedAt = try await startedAt(id)
    let direct = try await RegistryError.fromStorage { () async throws(StorageError) -> (any StorageWriter)? in
      guard let length, length > 0,
        let writer = try await driver.directWriter(to: StorageLayout.blobData(digest), length: length),
        try await isEmpty(id)
      else { return nil }
      return writer
    }
    guard let direct else { return try await open(id, startedAt: startedAt) }
    return UploadSession(repository, id, startedAt: startedAt, direct, .repeatable)
  }

  private func isEmpty(_ id: UploadID) async throws(StorageError) -> Bool {
    let data = StorageLayout.uploadData(name, id)
    return try await !driver.names(in: data.parent).contains(String(data.lastComponent))
  }

  private func open(_ id: UploadID, startedAt: String) async throws(RegistryError) -> UploadSession {
    let session = try await RegistryError.fromStorage { () async throws(StorageError) -> UploadSession? in
      let writer = try await driver.writer(at: StorageLayout.uploadData(name, id), appending: true)
      let session = UploadSession(repository, id, startedAt: startedAt, writer, .resumable)
      // The upload may have been finished or cancelled meanwhile; then opening has created a new, empty file.
      if writer.size == 0, try await !driver.isThere(StorageLayout.uploadStartedAt(name, id)) {
        try await session.remove()
        return nil
      }
      return session
    }
    guard let session else { throw RegistryError.uploadUnknown(id) }
    return session
  }

  /// An upload by a single request that gives the digest: until it is finished, no other request can see it.
  /// - Parameter length: in bytes; nil where the client doesn't give it.
  func openUnnamed(_ digest: Digest, length: Int64?) async throws(StorageError) -> UploadSession {
    let id = UploadID()
    let direct = try await driver.directWriter(to: StorageLayout.blobData(digest), length: length)
    let writer: any StorageWriter
    if let direct {
      writer = direct
    } else {
      writer = try await driver.writer(at: StorageLayout.uploadData(name, id), appending: false)
    }
    return UploadSession(repository, id, startedAt: nil, writer, .single)
  }

  private func startedAt(_ id: UploadID) async throws(RegistryError) -> String {
    do {
      let text = try await driver.content(at: StorageLayout.uploadStartedAt(name, id), limit: 64)
      return String(decoding: text, as: UTF8.self)
    } catch  where error.code == .notFound {
      throw RegistryError.uploadUnknown(id)
    } catch {
      throw RegistryError(storage: error)
    }
  }
}

extension Repository {
  /// Its unfinished uploads.
  var uploads: UploadService { UploadService(self) }
}

extension RegistryError {
  /// The repository has no such upload.
  static func uploadUnknown(_ id: UploadID) -> RegistryError {
    RegistryError(
      .blobUploadUnknown, "the upload was never begun here, or is finished, cancelled, or expired",
      detail: ["uuid": id.description])
  }
}
