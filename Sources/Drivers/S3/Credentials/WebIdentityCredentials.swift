import Core

/// A role that is assumed with a token from a file, as for Kubernetes' service accounts:
/// `AWS_WEB_IDENTITY_TOKEN_FILE`, `AWS_ROLE_ARN`, `AWS_ROLE_SESSION_NAME` (AWS STS API, AssumeRoleWithWebIdentity).
///
/// STS is that of `AWS_REGION`, else `AWS_DEFAULT_REGION`, else `storage.s3.region`; `AWS_ENDPOINT_URL_STS` names
/// another one.
struct WebIdentityCredentials: CredentialSource {
  var environment: CredentialEnvironment
  /// `storage.s3.region`
  var region: String
  var transport: CredentialTransport

  private static let timeout = Duration.seconds(10)

  var name: String { "a web identity" }

  func find() async throws(StorageError) -> CredentialFinding {
    guard let path = environment["AWS_WEB_IDENTITY_TOKEN_FILE"] else {
      return .none("AWS_WEB_IDENTITY_TOKEN_FILE is not set")
    }
    guard let role = environment["AWS_ROLE_ARN"] else {
      throw StorageError(.denied, "AWS_WEB_IDENTITY_TOKEN_FILE is set, but not AWS_ROLE_ARN: set both")
    }
    // Read each time: it is replaced before it expires.
    let token = try CredentialFile.token(at: path, from: "AWS_WEB_IDENTITY_TOKEN_FILE")
    let form = S3RequestTarget.query([
      (name: "Action", value: "AssumeRoleWithWebIdentity"), (name: "Version", value: "2011-06-15"),
      (name: "RoleArn", value: role), (name: "RoleSessionName", value: environment["AWS_ROLE_SESSION_NAME"] ?? "berth"),
      (name: "WebIdentityToken", value: token.value),
    ])
    let request = CredentialRequest(
      method: "POST", url: try endpoint(),
      headers: [(name: "content-type", value: "application/x-www-form-urlencoded")], body: Array(form.utf8))
    let response = try await CredentialResponse(to: request, by: transport, within: Self.timeout)
    guard response.status == 200 else { throw Self.refusal(response, request, role, token) }
    guard let credentials = STSAnswer.credentials(response.body) else {
      throw StorageError(.failed, "the answer to \(request) is none of STS")
    }
    return .found(credentials)
  }

  private func endpoint() throws(StorageError) -> String {
    if let text = environment["AWS_ENDPOINT_URL_STS"] {
      guard let url = CredentialURL(text) else {
        throw StorageError(.denied, "AWS_ENDPOINT_URL_STS must be an http or https URL")
      }
      return url.base + "/"
    }
    let region = environment.first(of: "AWS_REGION", "AWS_DEFAULT_REGION") ?? region
    guard !region.isEmpty else { return "https://sts.amazonaws.com/" }
    let domain = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
    guard let url = CredentialURL("https://sts.\(region).\(domain)/"), url.host == "sts.\(region).\(domain)" else {
      throw StorageError(.denied, "STS of the region \(region) can't be: set AWS_REGION, or AWS_ENDPOINT_URL_STS")
    }
    return url.text
  }

  private static func refusal(
    _ response: CredentialResponse, _ request: CredentialRequest, _ role: String, _ token: Secret
  ) -> StorageError {
    let fault = STSAnswer.fault(response.body)
    var error = response.refusal(
      of: request, words: fault.map { CredentialResponse.words($0.description, hiding: token) })
    error.message += ", asked for the role \(role)"
    // The only error 400 that may pass: STS couldn't reach the identity provider.
    if fault?.code == "IDPCommunicationError" { error.code = .unavailable }
    return error
  }
}
