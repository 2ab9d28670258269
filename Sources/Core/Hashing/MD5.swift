import CCrypto

/// MD5 (RFC 1321), for those who ask for nothing better: nginx's secure_link.
package enum MD5 {
  /// The 16 bytes; nil where this machine's OpenSSL refuses MD5 (FIPS mode).
  package static func digest(of bytes: [UInt8]) -> [UInt8]? {
    var digest = [UInt8](repeating: 0, count: 16)
    return EVP_Digest(bytes, bytes.count, &digest, nil, EVP_md5(), nil) == 1 ? digest : nil
  }
}
