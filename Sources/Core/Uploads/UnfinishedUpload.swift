/// An upload that wasn't finished, as an operator sees it.
public struct UnfinishedUpload: Sendable, Equatable {
  /// Whose it is.
  public var repository: RepositoryName
  /// Its name.
  public var id: UploadID
  /// When it began (nanoseconds since 1970); nil where nothing tells: it is a single request's, or damaged.
  public var started: Int64?
  /// When its last byte arrived (nanoseconds since 1970); nil where none has.
  public var lastWritten: Int64?
  /// Bytes received.
  public var size: Int64

  /// As one object.
  public var json: [UInt8] {
    var json = JSONWriter(capacity: 256)
    json.object { json in
      json.string("repository", repository.description)
      json.string("id", id.description)
      if let started { json.string("started", RFC3339.text(secondsSince1970: started / 1_000_000_000)) }
      if let lastWritten { json.string("written", RFC3339.text(secondsSince1970: lastWritten / 1_000_000_000)) }
      json.integer("size", size)
    }
    return json.bytes
  }

  /// One line, for people.
  public var text: String {
    "\(repository)  \(id)  started \(Self.time(started))  written \(Self.time(lastWritten))  \(ByteCount.text(size))"
  }

  private static func time(_ time: Int64?) -> String {
    time.map { RFC3339.text(secondsSince1970: $0 / 1_000_000_000) } ?? "-"
  }
}

extension Registry {
  /// Visits every unfinished upload, of all repositories or of one.
  /// - Parameter failed: what can't be read. All else is visited.
  /// - Throws: `.cancelled` when the task is; `.notFound` where there is no such repository.
  public func forEachUpload(
    in repository: RepositoryName? = nil, _ visit: (UnfinishedUpload) async throws(StorageError) -> Void,
    failed: (StoragePath, StorageError) -> Void
  ) async throws(StorageError) {
    try await AbandonedUpload.forEach(in: repository, driver) { uploads, _ throws(StorageError) in
      let results = try await SideBySide.map(uploads, width: driver.concurrency) {
        upload throws(StorageError) -> Result<UnfinishedUpload?, StorageError> in
        do throws(StorageError) {
          return .success(try await upload.found())
        } catch  where error.code == .cancelled {
          throw error
        } catch {
          return .failure(error)
        }
      }
      for (upload, result) in zip(uploads, results) {
        switch result {
        case .success(nil): break
        case .success(let found?): try await visit(found)
        case .failure(let error): failed(upload.path, error)
        }
      }
    } failed: { path, error in
      failed(path, error)
    }
  }
}
