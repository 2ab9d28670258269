import Core
import Foundation
import TestSupport
import Testing

@testable import Drivers

struct WebIdentityCredentialTests {
  private static let answer = """
    <AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
      <AssumeRoleWithWebIdentityResult>
        <SubjectFromWebIdentityToken>system:serviceaccount:a:b</SubjectFromWebIdentityToken>
        <AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/r/berth</Arn></AssumedRoleUser>
        <Credentials>
          <AccessKeyId>ASIA</AccessKeyId>
          <SecretAccessKey> s/+&amp;&#x3D;&#61; </SecretAccessKey>
          <SessionToken>t==</SessionToken>
          <Expiration>2026-01-02T09:00:00Z</Expiration>
        </Credentials>
      </AssumeRoleWithWebIdentityResult>
      <ResponseMetadata><RequestId>c6104cbe</RequestId></ResponseMetadata>
    </AssumeRoleWithWebIdentityResponse>
    """
  private static let found = S3Credentials(
    accessKey: "ASIA", secretKey: "s/+&==", sessionToken: "t==", expiration: time("09:00:00"))

  private let folder: TemporaryFolder
  private let variables: [String: String]

  init() throws {
    folder = try TemporaryFolder()
    try "a.web+token\n".write(toFile: folder / "token", atomically: true, encoding: .utf8)
    variables = ["AWS_WEB_IDENTITY_TOKEN_FILE": folder / "token", "AWS_ROLE_ARN": "arn:aws:iam::1:role/r"]
  }

  private func source(
    _ service: CredentialService, _ more: [String: String] = [:], region: String = ""
  ) -> WebIdentityCredentials {
    WebIdentityCredentials(
      environment: CredentialEnvironment(variables.merging(more) { $1 }), region: region, transport: service.transport)
  }

  @Test func `a role is assumed with the token`() async throws {
    let service = CredentialService(["POST https://sts.eu-central-1.amazonaws.com/": Self.answer])
    #expect(try await source(service, region: "eu-central-1").find() == .found(Self.found))
    let request = try #require(service.requests.first)
    #expect(request.field("content-type") == "application/x-www-form-urlencoded")
    #expect(
      String(decoding: request.body, as: UTF8.self)
        == "Action=AssumeRoleWithWebIdentity&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&RoleSessionName=berth"
        + "&Version=2011-06-15&WebIdentityToken=a.web%2Btoken")
    #expect(!"\(request)".contains("web"))
  }

  @Test(
    arguments: [
      ([:], "", "https://sts.amazonaws.com/"), ([:], "cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn/"),
      (["AWS_REGION": "us-west-2"], "eu-central-1", "https://sts.us-west-2.amazonaws.com/"),
      (["AWS_DEFAULT_REGION": "us-west-2"], "", "https://sts.us-west-2.amazonaws.com/"),
      (["AWS_ENDPOINT_URL_STS": "http://localhost:9000"], "eu-central-1", "http://localhost:9000/"),
    ] as [([String: String], String, String)])
  func `asks the region's service`(more: [String: String], region: String, url: String) async throws {
    let service = CredentialService(["POST \(url)": Self.answer])
    #expect(try await source(service, more, region: region).find() == .found(Self.found))
  }

  @Test func `a session's name can be given, and the token is read each time`() async throws {
    let service = CredentialService(["POST https://sts.amazonaws.com/": Self.answer])
    let source = source(service, ["AWS_ROLE_SESSION_NAME": "host-1"])
    _ = try await source.find()
    try "another".write(toFile: folder / "token", atomically: true, encoding: .utf8)
    _ = try await source.find()
    let bodies = service.requests.map { String(decoding: $0.body, as: UTF8.self) }
    #expect(bodies[0].contains("&RoleSessionName=host-1&"))
    #expect(bodies[1].hasSuffix("&WebIdentityToken=another"))
  }

  @Test func `without a token's file there is none`() async throws {
    #expect(
      try await source(.nobody, ["AWS_WEB_IDENTITY_TOKEN_FILE": ""]).find()
        == .none("AWS_WEB_IDENTITY_TOKEN_FILE is not set"))
  }

  @Test(
    arguments: [
      ["AWS_ROLE_ARN": ""], ["AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere/token"],
      ["AWS_WEB_IDENTITY_TOKEN_FILE": "/dev/null"], ["AWS_ENDPOINT_URL_STS": "localhost"],
      ["AWS_REGION": "evil.example.com/x"],
    ])
  func `settings that can't be are an error`(more: [String: String]) async throws {
    let service = CredentialService.nobody
    let error = try #require(await source(service, more).outcome().error)
    #expect(error.description.contains("AWS_"))
    #expect(service.requests.isEmpty)
  }

  @Test(
    arguments: [
      (403, "AccessDenied", "Not authorized", StorageError.Code.denied, "AccessDenied: Not authorized"),
      (400, "ExpiredTokenException", "Token expired: a.web+token", .denied, "********"),
      (400, "IDPCommunicationError", "try again", .unavailable, "IDPCommunicationError: try again"),
      (503, "Unavailable", "", .unavailable, "Unavailable"),
    ])
  func `a refusal says why`(
    status: Int, code: String, message: String, kind: StorageError.Code, cause: String
  ) async throws {
    let service = CredentialService { _ in
      let body = "<ErrorResponse><Error><Code>\(code)</Code><Message>\(message)</Message></Error></ErrorResponse>"
      return CredentialResponse(status: status, body: Array(body.utf8))
    }
    let error = try #require(await source(service).outcome().error)
    #expect(error.code == kind)
    #expect(error.cause == cause)
    #expect(error.message.contains("arn:aws:iam::1:role/r") && !error.description.contains("a.web+token"))
  }

  @Test(
    arguments: [
      ("<AccessKeyId>ASIA</AccessKeyId>", ""), ("</Credentials>", ""), ("ASIA", "<b>ASIA</b>"), ("ASIA", "&unknown;"),
      ("ASIA", "&amp"), ("ASIA", "&#xD800;"), ("ASIA", "<![CDATA[ASIA]]>"), ("<Credentials>", "<!-- --><Credentials>"),
      ("<Credentials>", "<Credentials><AccessKeyId>other</AccessKeyId>"), ("2026-01-02T09:00:00Z", "tomorrow"),
      ("</AssumeRoleWithWebIdentityResult>", "<Credentials></Credentials>"),
    ])
  func `an answer that isn't the expected one is refused`(part: String, replacement: String) {
    #expect(STSAnswer.credentials(Array(Self.answer.utf8)) == Self.found)
    let answer = Self.answer.replacingOccurrences(of: part, with: replacement)
    #expect(STSAnswer.credentials(Array(answer.utf8)) == nil)
  }

  @Test func `bytes that are no text are refused`() {
    #expect(STSAnswer.credentials([]) == nil)
    #expect(STSAnswer.fault([]) == nil)
    #expect(STSAnswer.fault(Array("<Error><Code>".utf8) + [0xFF] + Array("</Code></Error>".utf8)) == nil)
  }
}
