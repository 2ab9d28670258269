public import Core
import NIOCore

/// Storage in a bucket of Amazon S3 or a store that speaks its protocol: Ceph's radosgw, MinIO and others.
///
/// A file is an object; directories are common prefixes of names. The store must be linearizable, as Amazon's is since
/// 2020: what was written is found, and conditional writes (`If-None-Match`, `If-Match`) keep two writers apart.
///
/// A file that grows is kept in pieces of its own until it is committed: see ``S3Writer``.
public final class S3Driver: StorageDriver {
  /// With times of removals: S3 has no rename, and can set a blob's modification time only by copying it.
  public let traits: DriverTraits
  let client: S3Client
  let keys: S3Keys
  let options: S3ObjectOptions
  let sizes: S3Sizes
  let patience: Duration
  /// After this time without a renewal, by the store's clock, another writer may take a lease.
  let leaseLifetime: Duration
  let leaseSightings = S3LeaseSightings()
  private let redirectEndpoint: S3Endpoint?

  /// Validity of a URL to which clients are redirected, as in docker/distribution.
  private static let linkLifetime = Duration.seconds(20 * 60)
  /// Validity of a URL for the web server, which may fetch a large blob in many pieces with it.
  private static let fetchLifetime = Duration.seconds(24 * 3600)

  /// Over an existing bucket. Sends no request yet.
  /// - Parameters:
  ///   - transport: for the store.
  ///   - credentials: where they come from.
  ///   - patience: how long a writer waits for another.
  ///   - leaseLifetime: time without a renewal after which another writer may take a lease. At least three times as
  ///     long as the pause between two renewals (20 s).
  ///   - removalTiming: must be the same in all processes that share the bucket.
  ///   - clock: this machine's time, in nanoseconds since 1970. Where the store refuses this time, requests are signed
  ///     with the store's.
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
    // 16 at a time: enough that 100 small files cost few round trips, and few enough that a request leaves connections
    // to others.
    traits = DriverTraits(
      name: "s3aws", isEventuallyConsistent: false, concurrency: 16, removalTiming: removalTiming)
    redirectEndpoint = try S3Endpoint(redirecting: configuration)
  }

  /// Counts of requests to the store.
  public var statistics: S3Statistics { client.statistics }

  /// Runs `body`, and converts its failure to a `StorageError` that names the operation and the path.
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

  /// nil: a store has no directories whose changes could be seen.
  public func changeToken(of directory: StoragePath) async throws(StorageError) -> ChangeToken? { nil }

  /// Does nothing: what the store has acknowledged is durable.
  public func settle(_ path: StoragePath) async throws(StorageError) {}

  /// Does nothing: a store has no empty directories.
  public func prune(_ directory: StoragePath, below top: StoragePath) async throws(StorageError) {}
}
