import Core
import Foundation
import TestSupport
import Testing

@testable import Drivers

struct CredentialChainTests {
  private let folder: TemporaryFolder
  /// All places at once, by the order in which they count.
  private let variables: [[String: String]]

  init() throws {
    folder = try TemporaryFolder()
    try "token".write(toFile: folder / "token", atomically: true, encoding: .utf8)
    try "[default]\naws_access_key_id=file\naws_secret_access_key=s".write(
      toFile: folder / "credentials", atomically: true, encoding: .utf8)
    variables = [
      ["AWS_ACCESS_KEY_ID": "environment", "AWS_SECRET_ACCESS_KEY": "s"],
      ["AWS_WEB_IDENTITY_TOKEN_FILE": folder / "token", "AWS_ROLE_ARN": "role"],
      ["AWS_SHARED_CREDENTIALS_FILE": folder / "credentials"],
      ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://localhost/"],
      [:],
    ]
  }

  private static let roles = "http://169.254.169.254/latest/meta-data/iam/security-credentials/"

  private static let service = CredentialService([
    "POST https://sts.amazonaws.com/":
      "<Credentials><AccessKeyId>web</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
      + "<Expiration>2026-01-02T09:00:00Z</Expiration></Credentials>",
    "GET http://localhost/": #"{"AccessKeyId":"container","SecretAccessKey":"s"}"#,
    "PUT http://169.254.169.254/latest/api/token": "t", "GET \(roles)": "r",
    "GET \(roles)r": #"{"AccessKeyId":"instance","SecretAccessKey":"s"}"#,
  ])

  private func chain(
    from place: Int, _ service: CredentialService = service, _ configuration: Configuration.S3 = .init()
  ) -> CredentialChain {
    let environment = variables[place...].reduce(into: [:]) { $0.merge($1) { $1 } }
    return CredentialChain(configuration, environment: environment, transport: service.transport)
  }

  @Test(arguments: [(0, "environment"), (1, "web"), (2, "file"), (3, "container"), (4, "instance")])
  func `the first place that has any counts`(place: Int, accessKey: String) async throws {
    #expect(try await chain(from: place).credentials().accessKey == accessKey)
  }

  @Test func `the configuration counts before all`() async throws {
    var configuration = Configuration.S3()
    configuration.accessKey = "configuration"
    configuration.secretKey = "s"
    #expect(try await chain(from: 0, Self.service, configuration).credentials().accessKey == "configuration")
  }

  @Test(arguments: [1, 3])
  func `what is set up and fails is not replaced by another`(place: Int) async throws {
    await #expect(throws: StorageError.self) { try await chain(from: place, .nobody).credentials() }
  }

  @Test(arguments: [(nil, StorageError.Code.unavailable), ("true", .denied)])
  func `without any, the error says what was tried`(isDisabled: String?, code: StorageError.Code) async throws {
    var environment = ["AWS_ACCESS_KEY_ID": "AKIA"]
    environment["AWS_EC2_METADATA_DISABLED"] = isDisabled
    let chain = CredentialChain(.init(), environment: environment, transport: CredentialService.nobody.transport)
    do {
      _ = try await chain.credentials()
      Issue.record("there are none")
    } catch {
      #expect(error.code == code)
      #expect(error.message.contains("storage.s3.accesskey") && error.message.contains("AWS_ACCESS_KEY_ID"))
      for part in [
        "but not AWS_SECRET_ACCESS_KEY", "AWS_WEB_IDENTITY", "HOME", "AWS_CONTAINER", "the instance's role:",
      ] {
        #expect(error.description.contains(part))
      }
      #expect(!error.description.contains("AKIA"))
    }
  }

  @Test(arguments: ["key\r\nx: y", "é", "a b"])
  func `keys that no field can hold are refused`(accessKey: String) async throws {
    var configuration = Configuration.S3()
    configuration.accessKey = Secret(accessKey)
    configuration.secretKey = "s"
    let chain = chain(from: 4, Self.service, configuration)
    do {
      _ = try await chain.credentials()
      Issue.record("they can't be used")
    } catch {
      #expect(error.code == .denied)
      #expect(error.description.contains("the configuration") && !error.description.contains(accessKey))
    }
  }
}
