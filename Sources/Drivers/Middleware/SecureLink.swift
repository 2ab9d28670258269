public import Core

/// URLs that nginx's secure_link module lets through until they expire: `?md5=…&expires=…`, where
/// `secure_link $arg_md5,$arg_expires;` and `secure_link_md5 "$secure_link_expires$uri SECRET";` are configured.
public struct SecureLink: Sendable {
  private let base: BaseURL
  /// A space and the secret.
  private let ending: [UInt8]

  /// For what lies below `base`.
  public init(_ base: BaseURL, secret: Secret) {
    self.base = base
    ending = Array(" \(secret.value)".utf8)
  }

  /// The URL of a file.
  /// - Parameter expiry: seconds since 1970.
  /// - Throws: `.failed` where OpenSSL refuses MD5.
  public func url(of path: StoragePath, expiry: Int64) throws(StorageError) -> String {
    let expiry = String(expiry)
    var message: [UInt8] = []
    message.reserveCapacity(expiry.utf8.count + base.path.utf8.count + path.string.utf8.count + ending.count)
    message += expiry.utf8
    // As nginx sees it: decoded. What a storage path holds needs no encoding.
    message += base.path.utf8
    message += path.string.utf8
    message += ending
    guard let digest = MD5.digest(of: message) else {
      throw StorageError(
        .failed, "sign the URL of \(path)", cause: "this machine's OpenSSL refuses MD5, which nginx's secure_link needs"
      )
    }
    let signature = Base64URL.encode(digest).prefix { $0 != "=" }
    return base.url(of: "\(path.string)?md5=\(signature)&expires=\(expiry)")
  }
}
