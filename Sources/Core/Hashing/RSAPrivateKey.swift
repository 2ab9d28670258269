import CCrypto

/// A private key of RSA: owns OpenSSL's handle.
///
/// `@unchecked Sendable`: OpenSSL lets any number of threads sign with a key that is not changed.
package final class RSAPrivateKey: @unchecked Sendable {
  private let key: OpaquePointer

  /// From a PEM text with the key (PKCS#1 or PKCS#8, not encrypted); nil where it holds none.
  package init?(pem: [UInt8]) {
    // What OpenSSL could not read would be taken for the failure of another call on this thread.
    defer { ERR_clear_error() }
    // OpenSSL reads from the memory later than the call that names it.
    let read = pem.withUnsafeBytes { pem -> OpaquePointer? in
      guard let source = BIO_new_mem_buf(pem.baseAddress, Int32(clamping: pem.count)) else { return nil }
      defer { BIO_free(source) }
      // An empty passphrase, so that OpenSSL does not ask for one on the terminal.
      var passphrase: [UInt8] = [0]
      return PEM_read_bio_PrivateKey(source, nil, nil, &passphrase)
    }
    guard let key = read else { return nil }
    guard EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA else {
      EVP_PKEY_free(key)
      return nil
    }
    self.key = key
  }

  deinit {
    EVP_PKEY_free(key)
  }

  /// The signature of a message by RSASSA-PKCS1-v1_5 with SHA-1 (RFC 8017, section 8.2); nil where this machine's
  /// OpenSSL refuses that, or the key is broken.
  package func signatureWithSHA1(of message: [UInt8]) -> [UInt8]? {
    defer { ERR_clear_error() }
    guard let context = EVP_MD_CTX_new() else { return nil }
    defer { EVP_MD_CTX_free(context) }
    guard EVP_DigestSignInit(context, nil, EVP_sha1(), nil, key) == 1 else { return nil }
    var signature = [UInt8](repeating: 0, count: Int(EVP_PKEY_get_size(key)))
    var length = signature.count
    guard EVP_DigestSign(context, &signature, &length, message, message.count) == 1 else { return nil }
    signature.removeLast(signature.count - length)
    return signature
  }
}
