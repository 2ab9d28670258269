public import Core

/// What requests are signed with.
public struct S3Credentials: Sendable, Equatable {
  /// The access key's id, which requests and presigned URLs show.
  public var accessKey: String
  /// The key that signs. Never shown.
  public var secretKey: Secret
  /// The session token of temporary credentials.
  public var sessionToken: Secret?
  /// When they expire, in nanoseconds since 1970; nil: never.
  public var expiration: Int64?

  /// With the secrets hidden.
  public init(accessKey: String, secretKey: Secret, sessionToken: Secret? = nil, expiration: Int64? = nil) {
    self.accessKey = accessKey
    self.secretKey = secretKey
    self.sessionToken = sessionToken
    self.expiration = expiration
  }

  /// Whether they can be put into a header field as they are.
  var isWellFormed: Bool {
    !secretKey.isEmpty && accessKey.isFieldText && sessionToken?.value.isFieldText ?? true
  }
}

extension S3Credentials: ExpiringCredentials {
  static let service = "S3"
}

extension S3Credentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// Their kind, and when they expire.
  public var description: String {
    guard let expiration else { return sessionToken == nil ? "an access key" : "temporary credentials" }
    return "temporary credentials until \(RFC3339.text(secondsSince1970: expiration / 1_000_000_000))"
  }

  /// As `description`.
  public var debugDescription: String { description }

  /// Empty, so that `dump` does not show the secrets.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
