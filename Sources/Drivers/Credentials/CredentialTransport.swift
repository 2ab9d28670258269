public import Core

/// A request to a service that gives credentials. Printing it shows neither fields nor content, which hold tokens.
public struct CredentialRequest: Sendable, CustomStringConvertible {
  /// `GET`, `PUT` or `POST`.
  public var method: String
  /// `http` or `https`, checked, without user information.
  public var url: String
  /// Names in lower case.
  public var headers: [(name: String, value: String)] = []
  /// Empty with `GET` and `PUT`.
  public var body: [UInt8] = []

  /// Method and URL.
  public var description: String { "\(method) \(url)" }

  /// Bytes of an answer's body at the most; more is an error.
  public static let answerLimit = 64 << 10
}

/// What a service that gives credentials answers.
public struct CredentialResponse: Sendable {
  /// The HTTP status.
  public var status: Int
  /// Up to ``CredentialRequest/answerLimit`` bytes.
  public var body: [UInt8]

  /// An answer.
  public init(status: Int, body: [UInt8]) {
    self.status = status
    self.body = body
  }
}

/// Sends a request and reads the answer, all of it within the timeout. Follows no redirect, and uses no proxy for
/// link-local and loopback addresses: the token would reach another host.
///
/// Throws `.unavailable` where there is no answer, `.failed` where it is too long.
public typealias CredentialTransport =
  @Sendable (_ request: CredentialRequest, _ timeout: Duration) async throws(StorageError) -> CredentialResponse
