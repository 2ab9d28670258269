public import Core

extension S3Driver {
  /// Over an existing bucket, with connections of its own. Sends no request yet.
  /// - Parameters:
  ///   - environment: the process's environment variables: credentials, and `AWS_CA_BUNDLE`, a PEM file of the trusted
  ///     authorities, as for Amazon's own clients.
  ///   - patience: how long a writer waits for another.
  /// - Throws: where an endpoint is no URL.
  public convenience init(
    _ configuration: Configuration.S3, environment: [String: String], patience: Duration = writerPatience
  ) throws(StorageError) {
    var settings = HTTPTransport.Settings()
    settings.trustedCertificates = environment["AWS_CA_BUNDLE"].flatMap { $0.isEmpty ? nil : $0 }
    // Credential services must prove their identity even with `skipverify`.
    let credentials = S3CredentialProvider(
      configuration, environment: environment, transport: HTTPTransport(settings).credentialTransport)
    settings.verifiesCertificates = !configuration.skipVerify
    try self.init(configuration, HTTPTransport(settings), credentials: credentials, patience: patience)
  }
}
