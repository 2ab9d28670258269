import Core

/// The role of an EC2 instance, from its metadata service (Amazon EC2 User Guide, "Use IMDSv2"): a token, then the
/// role's name, then its credentials. Version 1 is not used: it is open to request forgery (SSRF).
///
/// `AWS_EC2_METADATA_SERVICE_ENDPOINT` and `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE` (`IPv4`, `IPv6`) say where it is;
/// `AWS_EC2_METADATA_DISABLED` that there is none.
struct InstanceCredentials: CredentialSource {
  var environment: CredentialEnvironment
  var transport: CredentialTransport

  /// Of each request. Short: the service is on the machine's host, and elsewhere requests would wait for nothing.
  private static let timeout = Duration.seconds(2)
  /// Seconds, the most that there is. A token is used for two requests only.
  private static let tokenLifetime = "21600"

  var name: String { "the instance's role" }

  func find() async throws(StorageError) -> CredentialFinding {
    if environment["AWS_EC2_METADATA_DISABLED"]?.lowercased() == "true" {
      return .none("AWS_EC2_METADATA_DISABLED is set")
    }
    let base = try base()
    let token: Secret
    switch try await self.token(base) {
    case .success(let found): token = found
    case .failure(let outcome): return outcome.finding
    }
    let roles = base + "/latest/meta-data/iam/security-credentials/"
    let response = try await get(roles, token)
    if response.status == 404 { return .none("the instance has no role") }
    guard response.status == 200 else { throw response.refusal(of: CredentialRequest(method: "GET", url: roles)) }
    let text = String(decoding: response.body, as: UTF8.self)
    guard let role = text.split(whereSeparator: \.isNewline).first.map({ $0.trimmedOfSpace }), Self.isRole(role) else {
      return .none("the instance has no role")
    }
    let request = CredentialRequest(method: "GET", url: roles + PercentEncoding.encode(String(role)))
    let answer = try await get(request.url, token)
    guard answer.status == 200 else { throw answer.refusal(of: request) }
    return .found(try CredentialDocument.parse(answer.body, request: request))
  }

  private func base() throws(StorageError) -> String {
    guard let text = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] else {
      let isIPv6 = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"]?.lowercased() == "ipv6"
      return isIPv6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254"
    }
    guard let url = CredentialURL(text) else {
      throw StorageError(.denied, "AWS_EC2_METADATA_SERVICE_ENDPOINT must be an http or https URL")
    }
    return url.base
  }

  /// Why there is no token.
  private struct NoToken: Error {
    var finding: CredentialFinding
  }

  private func token(_ base: String) async throws(StorageError) -> Result<Secret, NoToken> {
    let request = CredentialRequest(
      method: "PUT", url: base + "/latest/api/token",
      headers: [(name: "x-aws-ec2-metadata-token-ttl-seconds", value: Self.tokenLifetime)])
    let response: CredentialResponse
    do {
      response = try await CredentialResponse(to: request, by: transport, within: Self.timeout)
    } catch  where error.code == .unavailable {
      let hint = "this is no EC2 instance, or in a container its hop limit must be 2 at least"
      return .failure(NoToken(finding: .unreachable("\(error.description): \(hint)")))
    }
    let token = Secret(String(String(decoding: response.body, as: UTF8.self)[...].trimmedOfSpace))
    guard response.status == 200, token.value.isFieldText else {
      let reason = "\(request) was answered with status \(response.status), without a token"
      return .failure(NoToken(finding: response.mayPass ? .unreachable(reason) : .none(reason)))
    }
    return .success(token)
  }

  private func get(_ url: String, _ token: Secret) async throws(StorageError) -> CredentialResponse {
    try await CredentialResponse(
      to: CredentialRequest(
        method: "GET", url: url, headers: [(name: "x-aws-ec2-metadata-token", value: token.value)]),
      by: transport, within: Self.timeout)
  }

  /// What IAM names roles with.
  private static func isRole(_ text: Substring) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "="), UInt8(ascii: ","),
          UInt8(ascii: "."), UInt8(ascii: "@"), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }
}
