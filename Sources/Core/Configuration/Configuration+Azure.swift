extension Configuration {
  /// `storage.azure`
  public struct Azure: Sendable, Equatable {
    /// `accountname`
    public var accountName = ""
    /// `accountkey`: Base64.
    public var accountKey: Secret = ""
    /// `container`
    public var container = ""
    /// `connectionstring`: instead of account and key.
    public var connectionString: Secret = ""
    /// `credentials`
    public var credentials = AzureCredentials()
    /// `realm`: the domain below which the service lies.
    public var realm = "core.windows.net"
    /// `serviceurl`; empty: made of `accountname` and `realm`.
    public var serviceURL = ""
    /// `rootdirectory`: prefix of every blob's name.
    public var rootDirectory = ""
    /// `max_retries`
    public var maxRetries = 5
    /// `retry_delay`: before the first retry.
    public var retryDelay = Duration.milliseconds(100)
    /// `skipverify`: take any certificate.
    public var skipVerify = false

    /// The defaults.
    public init() {}
  }

  /// `storage.azure.credentials`
  public struct AzureCredentials: Sendable, Equatable {
    /// `type`
    public var kind = Kind.sharedKey
    /// `clientid`
    public var clientID = ""
    /// `tenantid`
    public var tenantID = ""
    /// `secret`
    public var secret: Secret = ""

    /// The defaults.
    public init() {}

    /// How to prove who we are.
    public enum Kind: String, Sendable, CaseIterable {
      case sharedKey = "shared_key"
      case clientSecret = "client_secret"
      case defaultCredentials = "default_credentials"
    }
  }
}

extension Configuration.AzureCredentials.Kind: ConfigurationKeyword {}

extension Configuration.Azure: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("accountname", &accountName)
    keys.value("accountkey", &accountKey)
    keys.value("container", &container)
    keys.value("connectionstring", &connectionString)
    keys.section("credentials", &credentials)
    keys.value("realm", &realm)
    keys.value("serviceurl", &serviceURL)
    keys.value("rootdirectory", &rootDirectory)
    keys.integer("max_retries", &maxRetries, in: 0...100)
    keys.value("retry_delay", &retryDelay)
    keys.value("skipverify", &skipVerify)
    if container.isEmpty { keys.report(.error, "container", "it is required", remedy: "name the container") }
    if accountName.isEmpty, connectionString.isEmpty {
      keys.report(.error, "accountname", "it is required without a connectionstring", remedy: "name the account")
    }
  }
}

extension Configuration.AzureCredentials: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("type", &kind)
    keys.value("clientid", &clientID)
    keys.value("tenantid", &tenantID)
    keys.value("secret", &secret)
    if kind == .clientSecret, clientID.isEmpty || tenantID.isEmpty || secret.isEmpty {
      keys.report(
        .error, "type", "client_secret needs clientid, tenantid and secret", remedy: "give all three")
    }
  }
}
