public import Core

/// `rewrite`: replaces parts of the URLs that the driver gives to clients. Internal paths stay as they are.
public struct RewriteMiddleware: StorageMiddleware {
  private let scheme: WebURL.Scheme?
  private let host: WebURL.Authority?
  /// Percent-encoded as paths of URLs are.
  private let trimPathPrefix: String

  /// With what is to be replaced.
  public init(_ options: Configuration.Middleware.Rewrite) {
    scheme = options.scheme
    host = options.host
    trimPathPrefix = PercentEncoding.encode(options.trimPathPrefix, keepingSlashes: true)
  }

  /// The driver's URL, rewritten. Throws `.failed` where the driver's is no URL of http or https.
  public func directURL(
    for path: StoragePath, answering request: DownloadRequest, over driver: any StorageDriver
  ) async throws(StorageError) -> DirectURL? {
    let direct = try await driver.directURL(for: path, answering: request)
    guard case .url(let text)? = direct else { return direct }
    // Don't log the URL: it may be signed.
    guard let url = WebURL(text) else { throw StorageError(.failed, "rewrite the URL of \(path)") }
    return .url(rewritten(url).text)
  }

  /// A URL with its parts replaced.
  func rewritten(_ url: WebURL) -> WebURL {
    var url = url
    if let scheme { url.scheme = scheme }
    if let host { url.authority = host }
    if !trimPathPrefix.isEmpty, url.path.hasPrefix(trimPathPrefix) {
      url.path.removeFirst(trimPathPrefix.count)
      if !url.path.hasPrefix("/") { url.path = "/" + url.path }
    }
    return url
  }
}
