public import Core

extension S3Driver {
  /// Over a bucket that is there, with connections of its own. Asks nothing of it yet.
  /// - Parameters:
  ///   - environment: the process' variables: where credentials may be said, and `AWS_CA_BUNDLE`, a PEM file of the
  ///     authorities that are trusted, as Amazon's own clients have it.
  ///   - patience: how long a writer waits for another.
  /// - Throws: where an endpoint is no URL.
  public convenience init(
    _ configuration: Configuration.S3, environment: [String: String], patience: Duration = writerPatience
  ) throws(StorageError) {
    var settings = HTTPTransport.Settings()
    settings.trustedCertificates = environment["AWS_CA_BUNDLE"].flatMap { $0.isEmpty ? nil : $0 }
    // Whoever gives credentials has to prove who he is, whatever is said of the store.
    let credentials = S3CredentialProvider(
      configuration, environment: environment, transport: HTTPTransport(settings).credentialTransport)
    settings.verifiesCertificates = !configuration.skipVerify
    try self.init(configuration, HTTPTransport(settings), credentials: credentials, patience: patience)
  }
}
