import Core

/// Where a bucket is reached (Amazon S3 User Guide, "Methods for accessing a bucket", "Dual-stack endpoints",
/// "Transfer Acceleration", "FIPS endpoints").
struct S3Endpoint: Sendable, Equatable {
  /// `https` or `http`
  var scheme: String
  /// With the bucket, where it is part of the name.
  var host: String
  /// nil: the scheme's own.
  var port: Int?
  /// `/bucket`, where the bucket is part of the path; else empty. Not encoded.
  var pathPrefix: String
  private let bucket: String

  /// Where the registry reaches the bucket.
  /// - Throws: where `regionendpoint` is no URL of a host.
  init(_ configuration: Configuration.S3) throws(StorageError) {
    try self.init(
      configuration, at: configuration.regionEndpoint.isEmpty ? nil : configuration.regionEndpoint,
      key: "regionendpoint")
  }

  /// Where clients are sent; nil where that is the same.
  /// - Throws: where `redirectendpoint` is no URL of a host.
  init?(redirecting configuration: Configuration.S3) throws(StorageError) {
    guard !configuration.redirectEndpoint.isEmpty else { return nil }
    try self.init(configuration, at: configuration.redirectEndpoint, key: "redirectendpoint")
  }

  private init(_ configuration: Configuration.S3, at address: String?, key: String) throws(StorageError) {
    bucket = configuration.bucket
    scheme = configuration.secure ? "https" : "http"
    if let address {
      guard let parts = Self.parts(of: address) else {
        throw StorageError(.failed, "storage.s3.\(key)", cause: "\(address) is no URL such as https://host:port")
      }
      scheme = parts.scheme ?? scheme
      host = parts.host
      port = parts.port == (scheme == "https" ? 443 : 80) ? nil : parts.port
    } else {
      host = Self.amazonHost(configuration)
      port = nil
    }
    // A certificate for all names of one level fits no bucket with a dot.
    let fitsHost =
      Self.isHostLabel(bucket) || (scheme == "http" && bucket.split(separator: ".").allSatisfy(Self.isHostLabel))
    if configuration.forcePathStyle || !fitsHost {
      pathPrefix = "/" + bucket
    } else {
      host = "\(bucket).\(host)"
      pathPrefix = ""
    }
  }

  /// As the `Host` field says it.
  var hostField: String { port.map { "\(host):\($0)" } ?? host }

  /// The path of an object, or of the bucket, encoded.
  func path(of key: String) -> String {
    let path = S3RequestTarget.path(key.isEmpty ? pathPrefix : "\(pathPrefix)/\(key)")
    return path.isEmpty ? "/" : path
  }

  /// For `x-amz-copy-source`.
  func copySource(_ key: String) -> String {
    S3RequestTarget.path("/\(bucket)/\(key)")
  }

  private static func amazonHost(_ configuration: Configuration.S3) -> String {
    let suffix = configuration.region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
    let stack = configuration.useDualStack ? ".dualstack" : ""
    if configuration.accelerate { return "s3-accelerate\(stack).amazonaws.com" }
    return "s3\(configuration.useFIPSEndpoint ? "-fips" : "")\(stack).\(configuration.region).\(suffix)"
  }

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
    let colon = rest.lastIndex(of: ":")
    if let colon, !(rest[colon...].contains("]")) {
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
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  private static func isHostLabel(_ text: some StringProtocol) -> Bool {
    (1...63).contains(text.utf8.count) && !text.hasPrefix("-") && !text.hasSuffix("-")
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
        default: false
        }
      }
  }
}
