package import Core
package import Drivers
import Synchronization

extension ObjectStore {
  /// The one bucket of this process, in which each test has a directory of its own.
  private static let buckets = Mutex<[UInt16: String]>([:])

  /// For a registry, or a driver, that has an empty directory.
  package func configuration() throws -> Configuration.S3 {
    var configuration = Configuration.S3()
    configuration.regionEndpoint = endpoint
    configuration.region = region
    configuration.forcePathStyle = true
    configuration.secure = false
    configuration.accessKey = Secret(accessKey)
    configuration.secretKey = Secret(secretKey)
    configuration.bucket = try Self.buckets.withLock { buckets in
      if let bucket = buckets[port] { return bucket }
      let bucket = try newBucket()
      buckets[port] = bucket
      return bucket
    }
    configuration.rootDirectory = "/" + String(UInt64.random(in: .min ... .max), radix: 16)
    return configuration
  }
}

extension S3Driver {
  /// With what the configuration says alone, and for machines that stand still for minutes.
  package convenience init(
    _ configuration: Configuration.S3, patience: Duration = writerPatience,
    leaseLifetime: Duration = .seconds(3600), clock: @escaping @Sendable () -> Int64 = { WallClock.now }
  ) throws {
    var settings = HTTPTransport.Settings()
    settings.connectTimeout = .seconds(120)
    settings.stallTimeout = .seconds(120)
    let transport = HTTPTransport(settings)
    let credentials = S3CredentialProvider(
      configuration, environment: [:], transport: transport.credentialTransport)
    try self.init(
      configuration, transport, credentials: credentials, patience: patience, leaseLifetime: leaseLifetime,
      clock: clock)
  }
}
