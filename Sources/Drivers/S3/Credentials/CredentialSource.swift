import Core

/// One of the places that credentials come from.
protocol CredentialSource: Sendable {
  /// For messages.
  var name: String { get }

  /// Looks for credentials. Throws where this source is configured explicitly and fails; later sources are not tried
  /// then.
  func find() async throws(StorageError) -> CredentialFinding
}

/// The result of looking into a source.
enum CredentialFinding: Sendable, Equatable {
  case found(S3Credentials)
  /// The source is not set up, for this reason.
  case none(String)
  /// No answer, for this reason; may pass.
  case unreachable(String)
}

/// The sources, in the order in which they are tried.
///
/// The order is that of the AWS SDK for Go (version 1, session.resolveCredentials and defaults.RemoteCredProvider):
/// keys in the configuration, the environment, a web identity token, the shared credentials file, and then a remote
/// source: a container's or else the instance's. Where a web identity token or a container's credentials are set up, a
/// failure there is final, as in the SDK, so that requests are not signed with other rights than intended.
struct CredentialChain: Sendable {
  let sources: [any CredentialSource]

  init(
    _ configuration: Configuration.S3, environment: [String: String], transport: @escaping CredentialTransport
  ) {
    let environment = CredentialEnvironment(environment)
    sources = [
      ConfiguredCredentials(configuration: configuration),
      EnvironmentCredentials(environment: environment),
      WebIdentityCredentials(environment: environment, region: configuration.region, transport: transport),
      SharedCredentialsFile(environment: environment),
      ContainerCredentials(environment: environment, transport: transport),
      InstanceCredentials(environment: environment, transport: transport),
    ]
  }

  init(_ sources: [any CredentialSource]) {
    self.sources = sources
  }

  /// The credentials of the first source that has any. Throws `.denied` where none has, and `.unavailable` where a
  /// source did not answer.
  func credentials() async throws(StorageError) -> S3Credentials {
    var tried: [String] = []
    var mayPass = false
    for source in sources {
      switch try await source.find() {
      case .found(let credentials):
        guard credentials.isWellFormed else {
          throw StorageError(
            .denied, "credentials of S3 from \(source.name) are empty or hold characters that none can have")
        }
        return credentials
      case .none(let reason):
        tried.append("\(source.name): \(reason)")
      case .unreachable(let reason):
        tried.append("\(source.name): \(reason)")
        mayPass = true
      }
    }
    throw StorageError(
      mayPass ? .unavailable : .denied,
      "no credentials for S3: set storage.s3.accesskey and secretkey, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
        + "or run on an instance with a role",
      cause: tried.joined(separator: "; "))
  }
}
