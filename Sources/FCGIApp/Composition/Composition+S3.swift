import Core
import Drivers

extension Composition {
  /// The storage in a bucket.
  static func s3(_ parameters: Configuration.S3) throws(StorageError) -> S3Driver {
    var settings = HTTPTransport.Settings()
    // As Amazon's own clients have it.
    settings.trustedCertificates = Environment.all["AWS_CA_BUNDLE"].flatMap { $0.isEmpty ? nil : $0 }
    // Whoever gives credentials has to prove who he is, whatever is said of the store.
    let credentials = S3CredentialProvider(
      parameters, environment: Environment.all, transport: HTTPTransport(settings).credentialTransport)
    settings.verifiesCertificates = !parameters.skipVerify
    return try S3Driver(parameters, HTTPTransport(settings), credentials: credentials)
  }
}
