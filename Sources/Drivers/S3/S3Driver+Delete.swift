public import Core

extension S3Driver {
  /// See ``StorageDriver/delete(_:durability:)``. Removes a directory's objects in the order of their names, 1,000 per
  /// request.
  public func delete(_ path: StoragePath, durability: Durability) async throws(StorageError) {
    guard path != .root else { throw StorageError(.denied, "remove \(path)", cause: "it is the whole storage") }
    let isThere = try await perform("remove", path) { () async throws(S3Failure) in
      if try await client.head(keys.key(path), isCancellable: false) != nil {
        try await client.delete(keys.key(path))
        return true
      }
      return try await deleteAll(keys.prefix(path))
    }
    guard isThere else { throw notFound("remove", path) }
  }

  /// - Returns: whether anything was there.
  func deleteAll(_ prefix: String) async throws(S3Failure) -> Bool {
    var isAny = false
    var pages = S3Pages(client, of: prefix, isCancellable: false)
    while let page = try await pages.next() {
      guard !page.objects.isEmpty else { continue }
      isAny = true
      try await client.delete(page.objects.map(\.key))
    }
    return isAny
  }

  /// See ``StorageDriver/sweepLeftovers(olderThan:)``: aborts multipart uploads that were not completed, after a
  /// week at the earliest: docker/distribution keeps pushes under way in them, and no push takes a week.
  public func sweepLeftovers(olderThan age: Duration) async throws(StorageError) -> Int {
    let age = max(age, .seconds(7 * 24 * 3600))
    return try await perform("sweep", .root) { () async throws(S3Failure) in
      let limit = client.now - age.nanoseconds
      var swept = 0
      for upload in try await client.unfinishedUploads(of: keys.prefix(.root)) where upload.initiated < limit {
        try await client.abortMultipartUpload(upload.id, upload.key)
        swept += 1
      }
      return swept
    }
  }
}
