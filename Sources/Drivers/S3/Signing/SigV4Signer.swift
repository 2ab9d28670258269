import Core

/// Signs requests (AWS, "Authenticating Requests (AWS Signature Version 4)").
public final class SigV4Signer: Sendable {
  /// The region that signatures are for.
  public let region: String
  /// The service that they are for.
  public let service: String
  private let keys = SigV4SigningKeys()

  /// Possible validities of a presigned URL, in seconds: up to a week.
  public static let expirations = 1...604_800

  /// Fields that proxies and HTTP clients may change or add.
  private static let unsignedFields: Set = [
    "authorization", "connection", "content-length", "expect", "transfer-encoding", "user-agent", "x-amzn-trace-id",
  ]

  /// For a service in a region.
  public init(region: String, service: String = "s3") {
    self.region = region
    self.service = service
  }

  /// The fields that make a signed request of one: `Authorization`, `x-amz-date`, `x-amz-content-sha256`, and
  /// `x-amz-security-token` with temporary credentials.
  /// - Parameters:
  ///   - host: as the `Host` field says it, with the port unless it is the scheme's own.
  ///   - path: encoded (``S3RequestTarget/path(_:)``), as it is sent.
  ///   - query: not encoded; to be sent as ``S3RequestTarget/query(_:)`` gives it.
  ///   - headers: the other fields, all of which are signed but those that a client or proxy may change
  ///     (`User-Agent`, `Content-Length`, …). Without the ones that this gives.
  ///   - now: nanoseconds since 1970, by the service's clock (``HTTPDate/offset(of:from:)``).
  public func headers(
    method: String, host: String, path: String, query: [(name: String, value: String)] = [],
    headers: [(name: String, value: String)] = [], payloadHash: SigV4PayloadHash, credentials: S3Credentials,
    at now: Int64
  ) -> [(name: String, value: String)] {
    let scope = scope(at: now)
    var added = [(name: "x-amz-content-sha256", value: payloadHash.text), (name: "x-amz-date", value: scope.time)]
    if let token = credentials.sessionToken { added.append((name: "x-amz-security-token", value: token.value)) }
    let signed = SigV4CanonicalHeaders(signedFields(host, headers) + added)
    let request = canonicalRequest(
      method, path, query: S3RequestTarget.query(query), signed, payloadHash: payloadHash.text)
    added.append((name: "Authorization", value: authorization(request, signed, scope, credentials)))
    return added
  }

  /// The whole query, without a `?`, of a presigned URL. With temporary credentials, the URL expires with them, if they
  /// expire earlier.
  /// - Parameters:
  ///   - query: not encoded: parameters that are part of the URL, such as `response-content-type`.
  ///   - headers: fields that a request with the URL must contain unchanged.
  ///   - expires: validity in seconds; clamped to ``expirations``.
  public func presignedQuery(
    method: String, host: String, path: String, query: [(name: String, value: String)] = [],
    headers: [(name: String, value: String)] = [], expires: Int, credentials: S3Credentials, at now: Int64
  ) -> String {
    presignedQuery(
      method: method, host: host, path: path, query: query, headers: headers, payloadHash: .unsigned, expires: expires,
      credentials: credentials, at: now)
  }

  /// The same for services that want another hash than S3.
  func presignedQuery(
    method: String, host: String, path: String, query: [(name: String, value: String)],
    headers: [(name: String, value: String)], payloadHash: SigV4PayloadHash, expires: Int, credentials: S3Credentials,
    at now: Int64
  ) -> String {
    let scope = scope(at: now)
    let signed = SigV4CanonicalHeaders(signedFields(host, headers))
    var parameters = query
    parameters += [
      (name: "X-Amz-Algorithm", value: Self.algorithm),
      (name: "X-Amz-Credential", value: "\(credentials.accessKey)/\(scope.text)"),
      (name: "X-Amz-Date", value: scope.time),
      (
        name: "X-Amz-Expires",
        value: String(min(max(expires, Self.expirations.lowerBound), Self.expirations.upperBound))
      ),
      (name: "X-Amz-SignedHeaders", value: signed.names),
    ]
    if let token = credentials.sessionToken { parameters.append((name: "X-Amz-Security-Token", value: token.value)) }
    let encoded = S3RequestTarget.query(parameters)
    let request = canonicalRequest(method, path, query: encoded, signed, payloadHash: payloadHash.text)
    return "\(encoded)&X-Amz-Signature=\(signature(request, scope, credentials))"
  }

  // MARK: - Steps

  private static let algorithm = "AWS4-HMAC-SHA256"

  /// The time and region for which a signature is valid.
  struct Scope {
    /// `YYYYMMDDThhmmssZ`
    var time: String
    /// `YYYYMMDD`
    var day: String
    /// `day/region/service/aws4_request`
    var text: String
  }

  func scope(at now: Int64) -> Scope {
    let time = RFC3339.text(secondsSince1970: now / 1_000_000_000).filter { $0 != "-" && $0 != ":" }
    let day = String(time.prefix(8))
    return Scope(time: time, day: day, text: "\(day)/\(region)/\(service)/aws4_request")
  }

  func canonicalRequest(
    _ method: String, _ path: String, query: String, _ headers: SigV4CanonicalHeaders, payloadHash: String
  ) -> String {
    "\(method)\n\(path)\n\(query)\n\(headers.lines)\n\(headers.names)\n\(payloadHash)"
  }

  func authorization(
    _ request: String, _ headers: SigV4CanonicalHeaders, _ scope: Scope, _ credentials: S3Credentials
  ) -> String {
    "\(Self.algorithm) Credential=\(credentials.accessKey)/\(scope.text), SignedHeaders=\(headers.names), "
      + "Signature=\(signature(request, scope, credentials))"
  }

  private func signature(_ request: String, _ scope: Scope, _ credentials: S3Credentials) -> Substring {
    let hash = ContentHasher.digest(.sha256, of: Array(request.utf8)).hex
    return MessageAuthentication.hexCode(
      of: Array("\(Self.algorithm)\n\(scope.time)\n\(scope.text)\n\(hash)".utf8),
      key: keys.key(day: scope.day, region: region, service: service, secretKey: credentials.secretKey))
  }

  private func signedFields(
    _ host: String, _ headers: [(name: String, value: String)]
  ) -> [(name: String, value: String)] {
    [(name: "host", value: host)] + headers.filter { !Self.unsignedFields.contains($0.name.lowercased()) }
  }
}
