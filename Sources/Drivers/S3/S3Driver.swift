public import Core
import NIOCore

/// Storage in a bucket of Amazon S3 or a store that speaks its protocol: Ceph's radosgw, MinIO and others.
///
/// A file is an object; directories are what names have in common. Requests are carried out one after the other by the
/// store (it is linearizable, as Amazon's is since 2020), so what was written is found, and conditional writes
/// (`If-None-Match`, `If-Match`) keep two writers apart.
///
/// A file that grows is kept in pieces of its own until it is committed: see ``S3Writer``.
public final class S3Driver: StorageDriver {
  /// `s3aws`
  public let name = "s3aws"
  /// Enough that 100 small files cost few round trips, and few enough that a request leaves connections to others.
  public let concurrency = 16
  /// Copies are no moves, and a blob is not written anew to say that it is wanted.
  public let removalTiming: RemovalTiming?
  let client: S3Client
  let keys: S3Keys
  let options: S3ObjectOptions
  let sizes: S3Sizes
  let patience: Duration
  /// For how long a writer that says nothing has its file, by the store's clock.
  let leaseLifetime: Duration
  let leaseSightings = S3LeaseSightings()
  private let redirectEndpoint: S3Endpoint?

  /// For how long a URL that clients are sent to is good, as in docker/distribution.
  private static let linkLifetime = Duration.seconds(20 * 60)
  /// For how long the web server's is: it may ask for piece after piece of a large blob with it.
  private static let fetchLifetime = Duration.seconds(24 * 3600)

  /// Over a bucket that is there. Asks nothing of it yet.
  /// - Parameters:
  ///   - transport: for the store.
  ///   - credentials: where they come from.
  ///   - patience: how long a writer waits for another.
  ///   - leaseLifetime: for how long a writer that says nothing has its file. At least three times as long as the pause
  ///     between two renewals (20 s).
  ///   - removalTiming: the same for all who share the bucket.
  ///   - clock: this machine's time, in nanoseconds since 1970. Where the store refuses it, the store's is gone by.
  public init(
    _ configuration: Configuration.S3, _ transport: HTTPTransport, credentials: S3CredentialProvider,
    patience: Duration = writerPatience, removalTiming: RemovalTiming = RemovalTiming(),
    leaseLifetime: Duration = .seconds(60), clock: @escaping @Sendable () -> Int64 = { WallClock.now }
  ) throws(StorageError) {
    let endpoint = try S3Endpoint(configuration)
    client = S3Client(
      endpoint, SigV4Signer(region: configuration.region.isEmpty ? "us-east-1" : configuration.region), credentials,
      transport, userAgent: configuration.userAgent.isEmpty ? "berth" : configuration.userAgent,
      clock: clock)
    keys = S3Keys(rootDirectory: configuration.rootDirectory)
    options = S3ObjectOptions(configuration)
    sizes = S3Sizes(configuration)
    self.patience = patience
    self.leaseLifetime = leaseLifetime
    self.removalTiming = removalTiming
    redirectEndpoint = try S3Endpoint(redirecting: configuration)
  }

  /// What was asked of the store.
  public var statistics: S3Statistics { client.statistics }

  /// Asks the store something, and says what a failure means.
  @discardableResult
  func perform<Answer>(
    _ operation: String, _ path: StoragePath, _ body: () async throws(S3Failure) -> Answer
  ) async throws(StorageError) -> Answer {
    do {
      return try await body()
    } catch {
      throw StorageError(error, "\(operation) \(path)")
    }
  }

  func notFound(_ operation: String, _ path: StoragePath) -> StorageError {
    StorageError(.notFound, "\(operation) \(path)")
  }

  /// A presigned URL.
  public func directURL(for path: StoragePath, answering download: DownloadRequest) async throws(StorageError)
    -> DirectURL?
  {
    let request = S3Request(.getObject, "GET", keys.key(path))
    let isByWebServer = download.isByWebServer
    return .url(
      try await client.presigned(
        request, for: isByWebServer ? Self.fetchLifetime : Self.linkLifetime,
        at: isByWebServer ? nil : redirectEndpoint))
  }

  /// Directories have nothing that changes.
  public func changeToken(of directory: StoragePath) async throws(StorageError) -> ChangeToken? { nil }

  /// What a call has answered lasts.
  public func settle(_ path: StoragePath) async throws(StorageError) {}

  /// There are no empty directories.
  public func prune(_ directory: StoragePath, below top: StoragePath) async throws(StorageError) {}
}
