public import Core

/// A driver with a middleware over it, which decides `directURL` alone.
public final class MiddlewareDriver: ForwardingDriver {
  /// The driver beneath, which may have middleware itself.
  public let base: any StorageDriver
  private let middleware: any StorageMiddleware

  /// Over `base`.
  public init(_ middleware: any StorageMiddleware, over base: any StorageDriver) {
    self.base = base
    self.middleware = middleware
  }

  /// What the middleware decides.
  public func directURL(
    for path: StoragePath, answering request: DownloadRequest
  ) async throws(StorageError) -> DirectURL? {
    try await middleware.directURL(for: path, answering: request, over: base)
  }
}
