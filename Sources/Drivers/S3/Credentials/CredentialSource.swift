import Core

/// One of the places that credentials come from.
protocol CredentialSource: Sendable {
  /// As messages call it.
  var name: String { get }

  /// Looks there. Throws where the place was chosen by whoever set up this process and fails: then no other is tried.
  func find() async throws(StorageError) -> CredentialFinding
}

/// What a look into a place gave.
enum CredentialFinding: Sendable, Equatable {
  case found(S3Credentials)
  /// Nothing is set up there, and why that is said.
  case none(String)
  /// Nobody answers there, which may pass.
  case unreachable(String)
}

/// The places in their order.
///
/// It is that of the AWS SDK for Go (version 1, session.resolveCredentials and defaults.RemoteCredProvider): keys that
/// the configuration gives, the environment, a web identity token, the shared credentials file, and then one of the
/// remote ones, a container's or else the instance's. Where a web identity token or a container's credentials are set
/// up, a failure there is final, as it is there: nobody wants to write with other rights than those that were meant.
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

  /// What the first place has that has any. Throws `.denied` where none has, and `.unavailable` where one may have had.
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
