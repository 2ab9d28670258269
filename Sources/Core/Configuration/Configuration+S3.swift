extension Configuration {
  /// `storage.s3`
  public struct S3: Sendable, Equatable {
    /// `accesskey`; empty: from the environment, the shared credentials file, or the instance's role.
    public var accessKey: Secret = ""
    /// `secretkey`
    public var secretKey: Secret = ""
    /// `region`: required without `regionendpoint`.
    public var region = ""
    /// `regionendpoint`: URL of a store that is not Amazon's.
    public var regionEndpoint = ""
    /// `redirectendpoint`: URL that clients are sent to instead of `regionendpoint`.
    public var redirectEndpoint = ""
    /// `bucket`
    public var bucket = ""
    /// `rootdirectory`: prefix of every object's name.
    public var rootDirectory = ""
    /// `forcepathstyle`: the bucket in the path rather than in the host; where absent, true with a
    /// `regionendpoint`.
    public var forcePathStyle = false
    /// `secure`: TLS.
    public var secure = true
    /// `skipverify`: take any certificate.
    public var skipVerify = false
    /// `v4auth`: signature version 4.
    public var v4Auth = true
    /// `usedualstack`: IPv6 as well.
    public var useDualStack = false
    /// `accelerate`: transfer acceleration.
    public var accelerate = false
    /// `usefipsendpoint`
    public var useFIPSEndpoint = false
    /// `useragent`: sent along.
    public var userAgent = ""
    /// `encrypt`: server-side encryption.
    public var encrypt = false
    /// `keyid`: of the key for it.
    public var keyID = ""
    /// `storageclass`
    public var storageClass = "STANDARD"
    /// `objectacl`
    public var objectACL = "private"
    /// `chunksize`: bytes of a part of an upload; at least 5 MiB.
    public var chunkSize = 10 << 20
    /// `multipartcopychunksize`: bytes of a part of a copy; at least 5 MiB.
    public var multipartCopyChunkSize = 32 << 20
    /// `multipartcopymaxconcurrency`: parts copied at once.
    public var multipartCopyMaxConcurrency = 100
    /// `multipartcopythresholdsize`: bytes from which on a copy is made in parts.
    public var multipartCopyThresholdSize = 32 << 20
    /// `loglevel`: of the client library.
    public var logLevel = "off"

    /// The defaults.
    public init() {}
  }
}

extension Configuration.S3: ConfigurationSection {
  private static let partSizes = (5 << 20)...(5 << 30)
  private static let storageClasses = [
    "NONE", "STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "OUTPOSTS",
    "GLACIER_IR",
  ]
  private static let accessLists = [
    "private", "public-read", "public-read-write", "authenticated-read", "aws-exec-read", "bucket-owner-read",
    "bucket-owner-full-control",
  ]

  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("accesskey", &accessKey)
    keys.value("secretkey", &secretKey)
    keys.value("region", &region)
    keys.value("regionendpoint", &regionEndpoint)
    keys.value("redirectendpoint", &redirectEndpoint)
    keys.value("bucket", &bucket)
    keys.value("rootdirectory", &rootDirectory)
    if keys.isReading, !keys.given.contains("forcepathstyle") { forcePathStyle = !regionEndpoint.isEmpty }
    keys.loose("forcepathstyle", &forcePathStyle)
    keys.loose("secure", &secure)
    keys.loose("skipverify", &skipVerify)
    keys.loose("v4auth", &v4Auth)
    keys.loose("usedualstack", &useDualStack)
    keys.loose("accelerate", &accelerate)
    keys.loose("usefipsendpoint", &useFIPSEndpoint)
    keys.value("useragent", &userAgent)
    keys.loose("encrypt", &encrypt)
    keys.value("keyid", &keyID)
    keys.value("storageclass", &storageClass)
    storageClass = storageClass.uppercased()
    keys.value("objectacl", &objectACL)
    keys.looseInteger("chunksize", &chunkSize, in: Self.partSizes)
    keys.looseInteger("multipartcopychunksize", &multipartCopyChunkSize, in: Self.partSizes)
    keys.looseInteger("multipartcopymaxconcurrency", &multipartCopyMaxConcurrency, in: 1...Int.max)
    keys.looseInteger("multipartcopythresholdsize", &multipartCopyThresholdSize, in: 0...Self.partSizes.upperBound)
    keys.withoutEffect { keys.value("loglevel", &logLevel) }
    check(keys)
  }

  private func check(_ keys: some ConfigurationVisitor) {
    if bucket.isEmpty { keys.report(.error, "bucket", "it is required", remedy: "name the bucket") }
    if region.isEmpty, regionEndpoint.isEmpty {
      keys.report(.error, "region", "it is required without a regionendpoint", remedy: "name one, such as us-east-1")
    }
    if accessKey.isEmpty != secretKey.isEmpty {
      keys.report(
        .error, accessKey.isEmpty ? "accesskey" : "secretkey", "accesskey and secretkey go together",
        remedy: "give both, or neither")
    }
    if !Self.storageClasses.contains(storageClass) {
      keys.report(
        .error, "storageclass", "\(storageClass) is unknown",
        remedy: "give one of \(Self.storageClasses.joined(separator: ", "))")
    }
    if !Self.accessLists.contains(objectACL) {
      keys.report(
        .error, "objectacl", "\(objectACL) is unknown",
        remedy: "give one of \(Self.accessLists.joined(separator: ", "))")
    }
    if !v4Auth {
      keys.report(.warning, "v4auth", "requests are signed with version 4 all the same", remedy: "remove it")
    }
  }
}
