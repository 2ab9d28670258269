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

  /// Whether they are still valid `margin` nanoseconds after `now`.
  func holds(at now: Int64, margin: Int64 = 0) -> Bool {
    guard let expiration else { return true }
    let (end, overflow) = now.addingReportingOverflow(margin)
    return !overflow && expiration > end
  }

  /// Whether they can be put into a header field as they are.
  var isWellFormed: Bool {
    !secretKey.isEmpty && Self.isFieldText(accessKey) && sessionToken.map { Self.isFieldText($0.value) } ?? true
  }

  /// Visible ASCII, without spaces.
  static func isFieldText(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
  }
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
