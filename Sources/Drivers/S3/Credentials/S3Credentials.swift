public import Core

/// What requests are signed with.
public struct S3Credentials: Sendable, Equatable {
  /// The access key's id, which requests and presigned URLs show.
  public var accessKey: String
  /// What signatures are made with, and nobody is shown.
  public var secretKey: Secret
  /// Goes with temporary credentials.
  public var sessionToken: Secret?
  /// Until when they hold, in nanoseconds since 1970; nil: for good.
  public var expiration: Int64?

  /// With the secrets hidden.
  public init(accessKey: String, secretKey: Secret, sessionToken: Secret? = nil, expiration: Int64? = nil) {
    self.accessKey = accessKey
    self.secretKey = secretKey
    self.sessionToken = sessionToken
    self.expiration = expiration
  }

  /// Whether they hold still, and will `margin` nanoseconds from `now`.
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
  /// What kind they are, and until when they hold.
  public var description: String {
    guard let expiration else { return sessionToken == nil ? "an access key" : "temporary credentials" }
    return "temporary credentials until \(RFC3339.text(secondsSince1970: expiration / 1_000_000_000))"
  }

  /// As `description`.
  public var debugDescription: String { description }

  /// Nothing, so that `dump` shows no more.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
