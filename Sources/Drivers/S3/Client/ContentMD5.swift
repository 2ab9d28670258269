import CCrypto

/// `Content-MD5` (RFC 1864), which DeleteObjects demands.
enum ContentMD5 {
  /// The field's value for a body.
  static func field(of body: String) -> String {
    let bytes = Array(body.utf8)
    var digest = [UInt8](repeating: 0, count: 16)
    EVP_Digest(bytes, bytes.count, &digest, nil, EVP_md5(), nil)
    // 16 bytes make 24 characters, and the NUL that OpenSSL adds.
    var text = [UInt8](repeating: 0, count: 25)
    let length = EVP_EncodeBlock(&text, digest, Int32(digest.count))
    return String(decoding: text.prefix(Int(max(0, length))), as: UTF8.self)
  }
}
