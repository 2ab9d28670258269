public import Core

/// `cloudfront`: clients get files of a bucket through Amazon CloudFront, by signed URLs. Optionally, clients in
/// Amazon's own network get them from the bucket itself.
public struct CloudFrontMiddleware: StorageMiddleware {
  private let base: BaseURL
  /// Prefix of the objects' names, as a path of a URL: empty, or beginning with a slash.
  private let root: String
  private let signer: CloudFrontSigner
  private let lifetime: Duration
  private let direct: AmazonAddresses?

  /// Over a bucket.
  /// - Parameters:
  ///   - rootDirectory: `storage.s3.rootdirectory`, below which the bucket has the storage's files.
  ///   - direct: the addresses of clients that go to the bucket itself; nil: none do.
  /// - Throws: where a required option is missing, or the key is none.
  public init(
    _ options: Configuration.Middleware.CloudFront, rootDirectory: String, direct: AmazonAddresses?
  ) throws(StorageError) {
    guard let base = options.baseURL else { throw StorageError(.failed, "middleware cloudfront has no baseurl") }
    self.base = base
    let segments = rootDirectory.split(separator: "/", omittingEmptySubsequences: false)
    let root = segments.drop { $0.isEmpty }.reversed().drop { $0.isEmpty }.reversed().joined(separator: "/")
    self.root = root.isEmpty ? "" : "/" + PercentEncoding.encode(root, keepingSlashes: true)
    signer = try CloudFrontSigner(keyFile: options.privateKey, keyPairID: options.keyPairID)
    lifetime = options.duration
    self.direct = direct
  }

  /// A signed URL of CloudFront, or the driver's URL.
  public func directURL(
    for path: StoragePath, answering request: DownloadRequest, over driver: any StorageDriver
  ) async throws(StorageError) -> DirectURL? {
    if let direct, direct.contain(request.clientAddress) {
      return try await driver.directURL(for: path, answering: request)
    }
    return .url(try url(of: path, expiry: WallClock.seconds(after: lifetime)))
  }

  /// The signed URL of a file.
  func url(of path: StoragePath, expiry: Int64) throws(StorageError) -> String {
    try signer.signed(base.url(of: root + path.string), expiry: expiry)
  }
}
