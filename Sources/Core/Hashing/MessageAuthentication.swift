import CCrypto

/// HMAC with SHA-256 (RFC 2104).
package enum MessageAuthentication {
  /// Bytes of a code.
  static let length = 32

  /// The code of `message` under `key`.
  package static func code(of message: [UInt8], key: [UInt8]) -> [UInt8] {
    var code = [UInt8](repeating: 0, count: length)
    // An empty array has no address, and a null key would mean "the key of before".
    let key = key.isEmpty ? [0] : key
    HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &code, nil)
    return code
  }

  /// The code in lower-case hexadecimal.
  package static func hexCode(of message: [UInt8], key: [UInt8]) -> Substring {
    Digest(algorithm: .sha256, bytes: code(of: message, key: key)).hex
  }

  /// Compares in a time that tells nothing of where the two differ.
  static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
  }
}
