import Core

/// `Content-MD5` (RFC 1864), which DeleteObjects demands.
enum ContentMD5 {
  /// The field's value for a body; nil where this machine's OpenSSL refuses MD5.
  static func field(of body: String) -> String? {
    guard let digest = MD5.digest(of: Array(body.utf8)) else { return nil }
    return String(
      Base64URL.encode(digest).map { character in
        switch character {
        case "-": "+"
        case "_": "/"
        default: character
        }
      })
  }
}
