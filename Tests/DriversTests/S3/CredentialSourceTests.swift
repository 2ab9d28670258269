import Core
import Foundation
import TestSupport
import Testing

@testable import Drivers

/// The places that need no service.
struct CredentialSourceTests {
  @Test func `the configuration gives its keys`() async throws {
    var configuration = Configuration.S3()
    #expect(
      try await ConfiguredCredentials(configuration: configuration).find()
        == .none("storage.s3.accesskey and secretkey are not set"))
    configuration.accessKey = "id"
    configuration.secretKey = "secret"
    #expect(
      try await ConfiguredCredentials(configuration: configuration).find()
        == .found(S3Credentials(accessKey: "id", secretKey: "secret")))
  }

  @Test(
    arguments: [
      (["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s"], S3Credentials(accessKey: "a", secretKey: "s")),
      (["AWS_ACCESS_KEY": "a", "AWS_SECRET_KEY": "s"], S3Credentials(accessKey: "a", secretKey: "s")),
      (
        [
          "AWS_ACCESS_KEY_ID": "a", "AWS_ACCESS_KEY": "b", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SECRET_KEY": "t",
          "AWS_SESSION_TOKEN": "x",
        ], S3Credentials(accessKey: "a", secretKey: "s", sessionToken: "x")
      ),
      (
        ["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": ""],
        S3Credentials(accessKey: "a", secretKey: "s")
      ),
    ])
  func `the environment gives its keys`(variables: [String: String], expected: S3Credentials) async throws {
    let source = EnvironmentCredentials(environment: CredentialEnvironment(variables))
    #expect(try await source.find() == .found(expected))
  }

  @Test(
    arguments: [
      ([:], "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set"),
      (["AWS_ACCESS_KEY_ID": "a"], "AWS_ACCESS_KEY_ID is set, but not AWS_SECRET_ACCESS_KEY"),
      (
        ["AWS_SECRET_ACCESS_KEY": "s", "AWS_ACCESS_KEY_ID": ""],
        "AWS_SECRET_ACCESS_KEY is set, but not AWS_ACCESS_KEY_ID"
      ),
    ] as [([String: String], String)])
  func `half of the environment's keys are none`(variables: [String: String], reason: String) async throws {
    let source = EnvironmentCredentials(environment: CredentialEnvironment(variables))
    #expect(try await source.find() == .none(reason))
  }

  private static let file = """
    # Of the tests.
    aws_access_key_id = of no profile
    [default]
    aws_access_key_id=a
    aws_secret_access_key = s=/+
    ; aws_session_token = commented out

    [ production ]\r
      AWS_Access_Key_Id =  b \r
      aws_secret_access_key\t=\tt\r
      aws_session_token = x\r
      nonsense
    [half]
    aws_access_key_id = c
    aws_secret_access_key =
    [broken
    aws_secret_access_key = u
    [default]
    region = eu-central-1
    """

  @Test(
    arguments: [
      (nil, .found(S3Credentials(accessKey: "a", secretKey: "s=/+"))),
      ("production", .found(S3Credentials(accessKey: "b", secretKey: "t", sessionToken: "x"))),
      ("half", .none("profile half of PATH lacks aws_access_key_id or aws_secret_access_key")),
      ("broken", .none("PATH has no profile broken")),
      ("other", .none("PATH has no profile other")),
    ] as [(String?, CredentialFinding)])
  func `the shared file gives a profile's keys`(profile: String?, expected: CredentialFinding) async throws {
    let folder = try TemporaryFolder()
    let path = folder / "credentials"
    try Self.file.write(toFile: path, atomically: true, encoding: .utf8)
    var variables = ["AWS_SHARED_CREDENTIALS_FILE": path, "HOME": "/nowhere"]
    variables["AWS_PROFILE"] = profile
    let source = SharedCredentialsFile(environment: CredentialEnvironment(variables))
    guard case .none(let reason) = expected else {
      #expect(try await source.find() == expected)
      return
    }
    #expect(try await source.find() == .none(reason.replacingOccurrences(of: "PATH", with: path)))
  }

  @Test func `the shared file is in the home folder where nobody says otherwise`() async throws {
    let folder = try TemporaryFolder()
    let source = SharedCredentialsFile(environment: CredentialEnvironment(["HOME": folder.path]))
    #expect(try await source.find() == .none("there is no \(folder.path)/.aws/credentials"))
    try FileManager.default.createDirectory(atPath: folder / ".aws", withIntermediateDirectories: true)
    try Self.file.write(toFile: folder / ".aws/credentials", atomically: true, encoding: .utf8)
    #expect(try await source.find() == .found(S3Credentials(accessKey: "a", secretKey: "s=/+")))
    #expect(
      try await SharedCredentialsFile(environment: CredentialEnvironment([:])).find()
        == .none("AWS_SHARED_CREDENTIALS_FILE and HOME are not set"))
  }

  @Test func `a shared file that can't be read is passed over`() async throws {
    let folder = try TemporaryFolder()
    let source = SharedCredentialsFile(
      environment: CredentialEnvironment(["AWS_SHARED_CREDENTIALS_FILE": folder.path]))
    #expect(try await source.find() == .none("can't read \(folder.path): Is a directory"))
  }

  @Test(
    arguments: [
      ("http://localhost/", true), ("http://127.0.0.1:80/x?y", true), ("http://127.255.1.9", true),
      ("http://[::1]:1/", true), ("http://169.254.170.2/v2/credentials/a", true), ("http://169.254.170.23/v1", true),
      ("http://[fd00:ec2::23]/v1", true), ("http://LOCALHOST/", true), ("https://example.com:8443/", false),
      ("http://10.0.0.1/", false), ("http://127.example.com/", false), ("http://127.0.0.1.example.com/", false),
      ("http://127.0.0/", false), ("http://localhost.example.com/", false), ("http://169.254.169.254/", false),
    ])
  func `an address is local if this machine alone can answer`(text: String, isLocal: Bool) throws {
    #expect(try #require(CredentialURL(text)).isLocal == isLocal)
  }

  @Test(
    arguments: [
      "", "localhost", "ftp://localhost/", "http://", "http:///x", "http://:80/", "http://user@localhost/",
      "http://localhost@example.com/", "http://localhost:0/", "http://localhost:x/", "http://localhost:65536/",
      "http://[::1/", "http://[]/", "http://[::1]x/", "http://a b/", "http://a\r\nb/",
      "http://localhost\\@example.com/",
      "http://example.com#@localhost/", "http://é/",
    ])
  func `what is no address of a service is none`(text: String) {
    #expect(CredentialURL(text) == nil)
  }
}
