import Core

/// Answers of the services that give credentials, and errors that quote them.
extension CredentialResponse {
  /// Sends a request; throws if the answer is too long.
  init(
    to request: CredentialRequest, by transport: CredentialTransport, within timeout: Duration
  ) async throws(StorageError) {
    self = try await transport(request, timeout)
    guard body.count <= CredentialRequest.answerLimit else {
      throw StorageError(.failed, "the answer to \(request) is longer than \(CredentialRequest.answerLimit) bytes")
    }
  }

  /// Whether the error may be temporary.
  var mayPass: Bool { status >= 500 || status == 429 || status == 408 }

  /// An error that names the status.
  func refusal(of request: CredentialRequest, words: String? = nil) -> StorageError {
    StorageError(mayPass ? .unavailable : .denied, "\(request) was answered with status \(status)", cause: words)
  }

  /// A service's message for the log: shortened, printable, and without `secret`.
  static func words(_ text: String, hiding secret: Secret? = nil) -> String {
    if let secret, text.contains(secret.value) { return String(describing: secret) }
    return String(String.UnicodeScalarView(text.unicodeScalars.filter { (0x20..<0x7F).contains($0.value) }.prefix(200)))
  }
}
