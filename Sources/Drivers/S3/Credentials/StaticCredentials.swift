import Core

/// `storage.s3.accesskey` and `secretkey`.
struct ConfiguredCredentials: CredentialSource {
  var configuration: Configuration.S3

  var name: String { "the configuration" }

  func find() async throws(StorageError) -> CredentialFinding {
    guard !configuration.accessKey.isEmpty, !configuration.secretKey.isEmpty else {
      return .none("storage.s3.accesskey and secretkey are not set")
    }
    return .found(S3Credentials(accessKey: configuration.accessKey.value, secretKey: configuration.secretKey))
  }
}

/// `AWS_ACCESS_KEY_ID` or `AWS_ACCESS_KEY`, `AWS_SECRET_ACCESS_KEY` or `AWS_SECRET_KEY`, and `AWS_SESSION_TOKEN`.
struct EnvironmentCredentials: CredentialSource {
  var environment: CredentialEnvironment

  var name: String { "the environment" }

  func find() async throws(StorageError) -> CredentialFinding {
    let accessKey = environment.first(of: "AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY")
    let secretKey = environment.first(of: "AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY")
    switch (accessKey, secretKey) {
    case (let accessKey?, let secretKey?):
      return .found(
        S3Credentials(
          accessKey: accessKey, secretKey: Secret(secretKey),
          sessionToken: environment["AWS_SESSION_TOKEN"].map { Secret($0) }))
    case (nil, nil): return .none("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set")
    case (_?, nil): return .none("AWS_ACCESS_KEY_ID is set, but not AWS_SECRET_ACCESS_KEY")
    case (nil, _?): return .none("AWS_SECRET_ACCESS_KEY is set, but not AWS_ACCESS_KEY_ID")
    }
  }
}
