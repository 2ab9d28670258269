public import Core

/// Decides where clients get files from, over a driver or another middleware.
public protocol StorageMiddleware: Sendable {
  /// Instead of the driver's own ``StorageDriver/directURL(for:answering:)``.
  func directURL(
    for path: StoragePath, answering request: DownloadRequest, over driver: any StorageDriver
  ) async throws(StorageError) -> DirectURL?
}
