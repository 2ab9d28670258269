import HTTPTypes

/// Builds the URLs of `Location` fields: absolute if the registry's URL is known, because some clients accept no
/// relative ones.
struct LocationBuilder {
  private let http: Configuration.HTTP
  private let proxies: TrustedProxies

  init(http: Configuration.HTTP) {
    self.http = http
    proxies = TrustedProxies(http.trustedProxies)
  }

  /// The path of a blob.
  func blob(_ request: Request, _ name: RepositoryName, _ digest: Digest) -> String {
    url(request, "v2/\(name)/blobs/\(digest)")
  }

  /// The path of a manifest.
  func manifest(_ request: Request, _ name: RepositoryName, _ reference: String) -> String {
    url(request, "v2/\(name)/manifests/\(reference)")
  }

  /// The path of an upload, with the state that the client returns in the next request.
  func upload(_ request: Request, _ name: RepositoryName, _ id: UploadID, state: String) -> String {
    url(request, "v2/\(name)/blobs/uploads/\(id)?_state=\(state)")
  }

  private func url(_ request: Request, _ path: String) -> String {
    guard !http.relativeURLs else { return http.prefix + path }
    return (http.host ?? proxies.origin(of: request) ?? "") + http.prefix + path
  }
}
