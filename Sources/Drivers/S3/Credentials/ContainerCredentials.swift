import Core

/// Credentials that ECS, EKS and others give a container: `AWS_CONTAINER_CREDENTIALS_FULL_URI`, or
/// `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` at ECS' address, with the token of
/// `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE` or `AWS_CONTAINER_AUTHORIZATION_TOKEN` (AWS SDKs and Tools Reference Guide,
/// "Container credential provider").
struct ContainerCredentials: CredentialSource {
  var environment: CredentialEnvironment
  var transport: CredentialTransport

  private static let timeout = Duration.seconds(5)

  var name: String { "the container" }

  func find() async throws(StorageError) -> CredentialFinding {
    guard let url = try url() else {
      return .none("AWS_CONTAINER_CREDENTIALS_FULL_URI and AWS_CONTAINER_CREDENTIALS_RELATIVE_URI are not set")
    }
    var request = CredentialRequest(
      method: "GET", url: url.text, headers: [(name: "accept", value: "application/json")])
    if let token = try token() { request.headers.append((name: "authorization", value: token.value)) }
    let response = try await CredentialResponse(to: request, by: transport, within: Self.timeout)
    guard response.status == 200 else { throw response.refusal(of: request) }
    return .found(try CredentialDocument.parse(response.body, request: request))
  }

  private func url() throws(StorageError) -> CredentialURL? {
    if let text = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] {
      // Otherwise credentials and the token would cross the network unencrypted.
      guard let url = CredentialURL(text), url.isSecure || url.isLocal else {
        throw StorageError(
          .denied,
          "AWS_CONTAINER_CREDENTIALS_FULL_URI must be an https URL, or an http one of localhost, 127.0.0.0/8, [::1], "
            + "169.254.170.2, 169.254.170.23 or [fd00:ec2::23]")
      }
      return url
    }
    guard let path = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] else { return nil }
    guard path.hasPrefix("/"), let url = CredentialURL("http://169.254.170.2" + path) else {
      throw StorageError(.denied, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI must be a path that begins with a slash")
    }
    return url
  }

  private func token() throws(StorageError) -> Secret? {
    if let path = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] {
      return try CredentialFile.token(at: path, from: "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    }
    guard let token = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] else { return nil }
    // Such as `Basic …`: with a space.
    guard token.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
      throw StorageError(.denied, "AWS_CONTAINER_AUTHORIZATION_TOKEN holds characters that a header field can't have")
    }
    return Secret(token)
  }
}
