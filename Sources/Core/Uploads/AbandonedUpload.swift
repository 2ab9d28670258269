/// An upload that may be abandoned.
struct AbandonedUpload {
  private let driver: any StorageDriver
  private let name: RepositoryName
  private let id: UploadID

  /// One upload of a repository.
  init(_ driver: any StorageDriver, _ name: RepositoryName, _ id: UploadID) {
    self.driver = driver
    self.name = name
    self.id = id
  }

  /// Its directory.
  var path: StoragePath { StorageLayout.upload(name, id) }

  /// The upload as it is in the storage; nil where it is gone.
  func found() async throws(StorageError) -> UnfinishedUpload? {
    let started = try await started()
    let data = try await driver.stateEntry(StorageLayout.uploadData(name, id))
    guard started != nil || data != nil else { return nil }
    return UnfinishedUpload(
      repository: name, id: id, started: started, lastWritten: data?.modified, size: data?.size ?? 0)
  }

  /// Describes an upload whose files are gone, and whose directory is left.
  var unknown: UnfinishedUpload {
    UnfinishedUpload(repository: name, id: id, started: nil, lastWritten: nil, size: 0)
  }

  /// When the upload was begun, or when its last byte arrived, whichever is later; if neither is known, when its
  /// directory last changed. In nanoseconds since 1970; nil where the upload is gone.
  func idleSince() async throws(StorageError) -> Int64? {
    let started = try await started()
    let written = try await modified(StorageLayout.uploadData(name, id))
    if let latest = [started, written].compactMap({ $0 }).max() { return latest }
    return try await modified(path)
  }

  /// Removes it with all that is left of it, while no request can write to it or finish it.
  /// - Parameter isWanted: gets the time of the last activity, under the upload's lock.
  /// - Returns: false where a request holds the upload, or `isWanted` says so.
  func remove(unless isWanted: (Int64) -> Bool) async throws(StorageError) -> Bool {
    let data = StorageLayout.uploadData(name, id)
    let isEmpty = try await modified(data) == nil
    var writer: (any StorageWriter)?
    do {
      writer = try await driver.writer(at: data, appending: true)
    } catch  where error.code == .busy {
      return false
    } catch  where error.isOfAnotherKind {
      // No request can write to it.
    }
    // If this call created the file, its time says nothing, unless a request wrote to it meanwhile.
    let isMade = isEmpty && writer?.size == 0
    let written = isMade ? nil : try await modified(data)
    let idle = try await [started(), written].compactMap { $0 }.max()
    if let idle, isWanted(idle) {
      if isMade { try await writer?.cancel() } else { try await writer?.close() }
      return false
    }
    // Remove first what makes the upload visible, so that no request that waits for the file starts with an empty one.
    try await delete(StorageLayout.uploadStartedAt(name, id))
    try await delete(path)
    try await writer?.cancel()
    return true
  }

  /// From the file's content; if it is torn, its modification time.
  private func started() async throws(StorageError) -> Int64? {
    let path = StorageLayout.uploadStartedAt(name, id)
    let text = try await driver.state(at: path, limit: 128)
    if let time = text.flatMap({ RFC3339.nanoseconds(String(decoding: $0, as: UTF8.self)) }) { return time }
    return try await modified(path)
  }

  private func modified(_ path: StoragePath) async throws(StorageError) -> Int64? {
    try await driver.stateEntry(path)?.modified
  }

  private func delete(_ path: StoragePath) async throws(StorageError) {
    do {
      try await driver.delete(path, durability: .process)
    } catch  where error.code == .notFound {
    }
  }

  /// Visits every upload of all repositories, or of one: as many together as the storage takes calls at a time, of
  /// whichever repositories.
  /// - Parameters:
  ///   - visit: gets uploads, and then those repositories of which all have been visited. What it throws ends the walk.
  ///   - failed: what can't be listed. The walk goes on.
  static func forEach(
    in repository: RepositoryName?, _ driver: any StorageDriver,
    _ visit: ([AbandonedUpload], [RepositoryName]) async throws(StorageError) -> Void,
    failed: (StoragePath, StorageError) -> Void
  ) async throws(StorageError) {
    var waiting: [AbandonedUpload] = []
    var passed: [RepositoryName] = []
    // The walk takes what a visit throws for a fault of one directory.
    var ended: StorageError?
    func flush(atLeast count: Int) async throws(StorageError) {
      guard max(waiting.count, passed.count) >= count else { return }
      do {
        try await visit(waiting, passed)
      } catch {
        ended = error
        throw StorageError(.cancelled, "visit uploads")
      }
      (waiting, passed) = ([], [])
    }
    func uploads(of name: RepositoryName) async throws(StorageError) {
      let directory = StorageLayout.uploads(name)
      let ids: [UploadID]
      do throws(StorageError) {
        ids = try await driver.names(in: directory).compactMap { UploadID($0) }
      } catch {
        return failed(directory, error)
      }
      for id in ids {
        guard !Task.isCancelled else { throw StorageError(.cancelled, "look at \(directory)") }
        waiting.append(AbandonedUpload(driver, name, id))
        try await flush(atLeast: driver.concurrency)
      }
      passed.append(name)
      try await flush(atLeast: driver.concurrency)
    }
    do throws(StorageError) {
      if let repository {
        _ = try await driver.stat(StorageLayout.repository(repository))
        try await uploads(of: repository)
      } else {
        try await RepositoryTree(driver: driver).forEach { entry throws(StorageError) in
          if entry.parts.contains("_uploads") { try await uploads(of: entry.name) }
        } failed: { path, error in
          failed(path, error)
        }
      }
      try await flush(atLeast: 1)
    } catch {
      throw ended ?? error
    }
  }
}
