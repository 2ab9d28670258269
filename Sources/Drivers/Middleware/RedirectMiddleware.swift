public import Core

/// `redirect`: clients get files from a web server that has the storage's root directory below a URL.
///
/// Without a secret, URLs are docker/distribution's and good for ever. With one, they are signed for nginx.
public struct RedirectMiddleware: StorageMiddleware {
  private let base: BaseURL
  private let link: SecureLink?
  private let lifetime: Duration

  /// - Throws: where a required option is missing, or OpenSSL can't sign.
  public init(_ options: Configuration.Middleware.Redirect) throws(StorageError) {
    guard let base = options.baseURL else { throw StorageError(.failed, "middleware redirect has no baseurl") }
    self.base = base
    link = options.secret.isEmpty ? nil : SecureLink(base, secret: options.secret)
    lifetime = options.duration
    _ = try link?.url(of: .root, expiry: 0)
  }

  /// The URL there.
  public func directURL(
    for path: StoragePath, answering request: DownloadRequest, over driver: any StorageDriver
  ) async throws(StorageError) -> DirectURL? {
    guard let link else { return .url(base.url(of: path.string)) }
    return .url(try link.url(of: path, expiry: WallClock.seconds(after: lifetime)))
  }
}
