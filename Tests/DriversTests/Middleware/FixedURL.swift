import Core
import Drivers
import Logging

/// Gives one answer to everybody.
struct FixedURL: StorageMiddleware {
  let url: DirectURL?

  /// Storage in memory whose files a client can have directly, or not.
  static func driver(_ url: DirectURL? = .url("https://bucket.test/x")) -> any StorageDriver {
    MiddlewareDriver(FixedURL(url: url), over: InMemoryDriver())
  }

  func directURL(
    for path: StoragePath, answering request: DownloadRequest, over driver: any StorageDriver
  ) async throws(StorageError) -> DirectURL? {
    url
  }
}

extension Logger {
  /// Says nothing.
  static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}
