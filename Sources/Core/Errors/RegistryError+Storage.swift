import HTTPTypes

extension RegistryError {
  /// Converts an error of the storage. The only place that does.
  ///
  /// Callers handle `.notFound` themselves before (`BLOB_UNKNOWN`, `MANIFEST_UNKNOWN`, …).
  public init(storage error: StorageError) {
    let cause = error.description
    switch error.code {
    case .full:
      self.init(
        .unavailable, "the registry's storage is full: free space or raise the quota",
        fields: [.retryAfter: "60"], cause: cause)
    case .denied:
      self.init(.unavailable, "the registry may not write to its storage", fields: [.retryAfter: "60"], cause: cause)
    case .busy:
      self.init(
        .blobUploadInvalid, "another request is writing to this upload", status: .conflict,
        fields: [.retryAfter: "1"], cause: cause)
    case .unavailable, .cancelled:
      self.init(
        .unavailable, "the registry's storage can't be reached now: try again", fields: [.retryAfter: "1"], cause: cause
      )
    case .notFound, .wrongKind, .irregular, .tooLarge, .failed:
      self.init(.unavailable, "the registry's storage failed", fields: [.retryAfter: "10"], cause: cause)
    }
  }

  /// For an upload that was removed because the storage is full.
  init(uploadWithoutSpace error: StorageError) {
    self.init(
      .unavailable, "the registry's storage is full: the upload is gone; push again when there is space",
      fields: [.retryAfter: "60"], cause: error.description)
  }

  /// Runs `body`, and converts its errors.
  static func fromStorage<Value>(
    _ body: () async throws(StorageError) -> Value
  ) async throws(RegistryError) -> Value {
    do {
      return try await body()
    } catch {
      throw RegistryError(storage: error)
    }
  }
}
