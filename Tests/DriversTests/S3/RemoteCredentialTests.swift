import Core
import Foundation
import TestSupport
import Testing

@testable import Drivers

/// The places that are asked over HTTP.
struct RemoteCredentialTests {
  private static let document =
    #"{"Code":"Success","LastUpdated":"x","Type":"AWS-HMAC","AccessKeyId":"ASIA","SecretAccessKey":"s/+","#
    + #""Token":"t==","Expiration":"2026-01-02T09:00:00Z","Extra":{"a":[1]}}"#
  private static let found = S3Credentials(
    accessKey: "ASIA", secretKey: "s/+", sessionToken: "t==", expiration: time("09:00:00"))

  // MARK: - The instance

  private static let roles = "/latest/meta-data/iam/security-credentials/"

  private static func instance(_ service: CredentialService, _ variables: [String: String] = [:]) -> InstanceCredentials
  {
    InstanceCredentials(environment: CredentialEnvironment(variables), transport: service.transport)
  }

  private static func metadata(at base: String, role: String = "a-role\n", document: String = document) -> [String:
    String]
  {
    [
      "PUT \(base)/latest/api/token": "token==", "GET \(base)\(roles)": role, "GET \(base)\(roles)a-role": document,
    ]
  }

  @Test func `the instance gives its role's, for a token`() async throws {
    let service = CredentialService(Self.metadata(at: "http://169.254.169.254"))
    #expect(try await Self.instance(service).find() == .found(Self.found))
    #expect(service.requests.map(\.method) == ["PUT", "GET", "GET"])
    #expect(service.requests[0].field("x-aws-ec2-metadata-token-ttl-seconds") == "21600")
    #expect(service.requests[1].field("x-aws-ec2-metadata-token") == "token==")
    #expect(service.requests[2].field("x-aws-ec2-metadata-token") == "token==")
    #expect(!"\(service.requests)".contains("token=="))
  }

  @Test(
    arguments: [
      (["AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://localhost:1338/"], "http://localhost:1338"),
      (["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv6"], "http://[fd00:ec2::254]"),
    ])
  func `the metadata service is where the environment says`(variables: [String: String], base: String) async throws {
    let service = CredentialService(Self.metadata(at: base))
    #expect(try await Self.instance(service, variables).find() == .found(Self.found))
  }

  @Test func `the metadata service can be switched off`() async throws {
    let service = CredentialService.nobody
    let source = Self.instance(service, ["AWS_EC2_METADATA_DISABLED": "True"])
    #expect(try await source.find() == .none("AWS_EC2_METADATA_DISABLED is set"))
    #expect(service.requests.isEmpty)
  }

  @Test func `where there is no metadata service there are no credentials`() async throws {
    guard case .unreachable(let reason) = try await Self.instance(.nobody).find() else {
      Issue.record("it must be unreachable")
      return
    }
    #expect(reason.contains("no route to host") && reason.contains("hop limit"))
  }

  @Test(arguments: [(403, false), (404, false), (500, true)])
  func `a metadata service without tokens is none`(status: Int, mayPass: Bool) async throws {
    let service = CredentialService { _ in CredentialResponse(status: status, body: Array("why".utf8)) }
    let reason = "PUT http://169.254.169.254/latest/api/token was answered with status \(status), without a token"
    #expect(try await Self.instance(service).find() == (mayPass ? .unreachable(reason) : .none(reason)))
  }

  @Test(arguments: ["", "\n", "../../user-data\n", "a b", String(repeating: "x", count: 65)])
  func `an instance without a role has none`(role: String) async throws {
    let service = CredentialService(Self.metadata(at: "http://169.254.169.254", role: role))
    #expect(try await Self.instance(service).find() == .none("the instance has no role"))
    #expect(service.requests.count == 2)
  }

  @Test(
    arguments: [
      (#"{"Code":"Failed","Message":"no\nrole"}"#, StorageError.Code.unavailable, "Failed: norole"),
      (#"{"AccessKeyId":"ASIA"}"#, .failed, "lacks AccessKeyId or SecretAccessKey"),
      (#"{"AccessKeyId":"ASIA","SecretAccessKey":""}"#, .failed, "lacks AccessKeyId or SecretAccessKey"),
      (#"{"AccessKeyId":"A","SecretAccessKey":"s","Expiration":"soon"}"#, .failed, "Expiration"),
      (#"{"AccessKeyId":"A","SecretAccessKey":5}"#, .failed, "no JSON"), ("<html>", .failed, "no JSON"),
      (#"{"AccessKeyId":"A","SecretAccessKey":"s"} x"#, .failed, "no JSON"),
      (String(repeating: "[", count: 60000), .failed, "no JSON"),
      (String(repeating: " ", count: 65537), .failed, "longer than 65536 bytes"),
    ])
  func `an answer that makes no sense is an error`(document: String, code: StorageError.Code, text: String) async throws
  {
    let service = CredentialService(Self.metadata(at: "http://169.254.169.254", document: document))
    let error = try #require(await Self.instance(service).outcome().error)
    #expect(error.code == code)
    #expect(error.description.contains(text))
  }

  // MARK: - The container

  private static func container(
    _ service: CredentialService, _ variables: [String: String]
  ) -> ContainerCredentials {
    ContainerCredentials(environment: CredentialEnvironment(variables), transport: service.transport)
  }

  private static let relative = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
  private static let full = "AWS_CONTAINER_CREDENTIALS_FULL_URI"

  @Test(
    arguments: [
      ([relative: "/v2/credentials/a?b=c"], "http://169.254.170.2/v2/credentials/a?b=c"),
      ([full: "http://127.0.0.1:8080/c"], "http://127.0.0.1:8080/c"),
      ([full: "https://example.com/c"], "https://example.com/c"),
      ([full: "http://localhost/c", relative: "/v2"], "http://localhost/c"),
    ])
  func `the container gives its own`(variables: [String: String], url: String) async throws {
    let service = CredentialService(["GET \(url)": Self.document])
    #expect(try await Self.container(service, variables).find() == .found(Self.found))
    #expect(service.requests.map { $0.field("authorization") } == [nil])
  }

  @Test func `the container's token is sent, that of the file before the other`() async throws {
    let folder = try TemporaryFolder()
    try "of-the-file\n".write(toFile: folder / "token", atomically: true, encoding: .utf8)
    let service = CredentialService(["GET http://localhost/c": Self.document])
    var variables = [Self.full: "http://localhost/c", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "Basic abc"]
    _ = try await Self.container(service, variables).find()
    variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = folder / "token"
    _ = try await Self.container(service, variables).find()
    #expect(service.requests.map { $0.field("authorization") } == ["Basic abc", "of-the-file"])
  }

  @Test(
    arguments: [
      [full: "http://example.com/c"], [full: "http://169.254.169.254/c"], [full: "nonsense"],
      [relative: "@example.com/"],
      [relative: "/a b"], [full: "http://localhost/", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "secret\r\nx: y"],
      [full: "http://localhost/", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/nowhere/token"],
    ])
  func `a container's settings that can't be are an error`(variables: [String: String]) async throws {
    let service = CredentialService.nobody
    let error = try #require(await Self.container(service, variables).outcome().error)
    #expect(error.description.contains("AWS_CONTAINER_") && !error.description.contains("secret"))
    #expect(service.requests.isEmpty)
  }

  @Test(arguments: [(401, StorageError.Code.denied), (404, .denied), (429, .unavailable), (503, .unavailable)])
  func `a container that refuses is an error`(status: Int, code: StorageError.Code) async throws {
    let service = CredentialService { _ in CredentialResponse(status: status, body: []) }
    let error = try #require(await Self.container(service, [Self.full: "http://localhost/c"]).outcome().error)
    #expect(error.code == code)
    #expect(error.description == "GET http://localhost/c was answered with status \(status)")
  }

  @Test func `without settings the container has none`() async throws {
    #expect(
      try await Self.container(.nobody, [:]).find()
        == .none("\(Self.full) and \(Self.relative) are not set"))
  }
}
