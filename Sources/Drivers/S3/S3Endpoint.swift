public import Core

/// Where a bucket is reached (Amazon S3 User Guide, "Methods for accessing a bucket", "Dual-stack endpoints",
/// "Transfer Acceleration", "FIPS endpoints").
public struct S3Endpoint: Sendable, Equatable {
  /// `https` or `http`
  public let scheme: String
  /// With the bucket, where it is part of the name; an IPv6 address with its brackets.
  public let host: String
  /// nil: the scheme's own.
  public let port: Int?
  /// `/bucket`, where the bucket is part of the path; else empty. Not encoded.
  public let pathPrefix: String
  let bucket: String

  /// Where the registry reaches the bucket.
  /// - Throws: where `regionendpoint` is no URL of a host, or the options can't be combined.
  public init(_ configuration: Configuration.S3) throws(StorageError) {
    let address = configuration.regionEndpoint
    try self.init(configuration, at: address.isEmpty ? nil : address, key: "regionendpoint")
  }

  /// The endpoint of URLs for clients; nil where it is the registry's own.
  /// - Throws: where `redirectendpoint` is no URL of a host.
  init?(redirecting configuration: Configuration.S3) throws(StorageError) {
    guard !configuration.redirectEndpoint.isEmpty else { return nil }
    try self.init(configuration, at: configuration.redirectEndpoint, key: "redirectendpoint")
  }

  private init(_ configuration: Configuration.S3, at address: String?, key: String) throws(StorageError) {
    bucket = configuration.bucket
    var isInHost = !configuration.forcePathStyle
    let server: String
    if let address {
      guard let parts = Self.parts(of: address) else {
        throw StorageError(.failed, "storage.s3.\(key)", cause: "\(address) is no URL such as https://host:port")
      }
      scheme = parts.scheme ?? (configuration.secure ? "https" : "http")
      server = parts.host
      port = parts.port == (scheme == "https" ? 443 : 80) ? nil : parts.port
    } else {
      scheme = configuration.secure ? "https" : "http"
      server = try Self.amazonHost(configuration)
      port = nil
      // Transfer acceleration needs the bucket in the host name.
      if configuration.accelerate { isInHost = true }
    }
    // A wildcard certificate does not match a bucket name that contains a dot.
    let labels = bucket.split(separator: ".", omittingEmptySubsequences: false)
    let fitsHost = labels.allSatisfy(Self.isHostLabel) && (labels.count == 1 || scheme == "http")
    if configuration.accelerate, address == nil, !fitsHost {
      throw StorageError(.failed, "storage.s3.accelerate", cause: "the bucket's name has to be one without dots")
    }
    isInHost = isInHost && fitsHost && !server.hasPrefix("[")
    host = isInHost ? "\(bucket).\(server)" : server
    pathPrefix = isInHost ? "" : "/" + bucket
  }

  /// The value of the `Host` field.
  public var hostField: String { port.map { "\(host):\($0)" } ?? host }

  /// The path of an object, or of the bucket, encoded.
  func path(of key: String) -> String {
    let path = S3RequestTarget.path(key.isEmpty ? pathPrefix : "\(pathPrefix)/\(key)")
    return path.isEmpty ? "/" : path
  }

  /// For `x-amz-copy-source`.
  func copySource(_ key: String) -> String {
    S3RequestTarget.path("/\(bucket)/\(key)")
  }

  /// Amazon's host, by region and options.
  private static func amazonHost(_ configuration: Configuration.S3) throws(StorageError) -> String {
    guard configuration.region.utf8.allSatisfy(isHostByte), !configuration.region.isEmpty else {
      throw StorageError(.failed, "storage.s3.region", cause: "\(configuration.region) is no region")
    }
    let stack = configuration.useDualStack ? ".dualstack" : ""
    if configuration.accelerate { return "s3-accelerate\(stack).amazonaws.com" }
    // Amazon's regions come in partitions, each with a domain of its own.
    let suffix = partitions.first { configuration.region.hasPrefix($0.regions) }?.domain ?? "amazonaws.com"
    return "s3\(configuration.useFIPSEndpoint ? "-fips" : "")\(stack).\(configuration.region).\(suffix)"
  }

  private static let partitions = [
    (regions: "cn-", domain: "amazonaws.com.cn"), (regions: "eusc-", domain: "amazonaws.eu"),
    (regions: "us-iso-", domain: "c2s.ic.gov"), (regions: "us-isob-", domain: "sc2s.sgov.gov"),
    (regions: "us-isof-", domain: "csp.hci.ic.gov"), (regions: "eu-isoe-", domain: "cloud.adc-e.uk"),
  ]

  /// Of `[scheme://]host[:port][/]`.
  private static func parts(of address: String) -> (scheme: String?, host: String, port: Int?)? {
    var rest = address[...]
    var scheme: String?
    for known in ["http", "https"] where address.lowercased().hasPrefix(known + "://") {
      scheme = known
      rest = address.dropFirst(known.count + 3)
    }
    if rest.hasSuffix("/") { rest.removeLast() }
    var port: Int?
    if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("]") {
      guard let number = Int(rest[rest.index(after: colon)...]), (1...65535).contains(number) else { return nil }
      port = number
      rest = rest[..<colon]
    }
    let isAddress = rest.hasPrefix("[") && rest.hasSuffix("]")
    let host = isAddress ? rest.dropFirst().dropLast() : rest
    guard !host.isEmpty, host.utf8.allSatisfy({ isHostByte($0) || (isAddress && $0 == UInt8(ascii: ":")) }) else {
      return nil
    }
    return (scheme, rest.lowercased(), port)
  }

  private static func isHostByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "."), UInt8(ascii: "_"): true
    default: isLabelByte(byte)
    }
  }

  private static func isHostLabel(_ text: some StringProtocol) -> Bool {
    (1...63).contains(text.utf8.count) && !text.hasPrefix("-") && !text.hasSuffix("-")
      && text.utf8.allSatisfy(isLabelByte)
  }

  private static func isLabelByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
    default: false
    }
  }
}
