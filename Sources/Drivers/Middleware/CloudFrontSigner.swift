public import Core
import Glibc

/// Signs URLs of Amazon CloudFront with a canned policy: the URL as it stands, until a point of time.
///
/// CloudFront's developer guide, "Create a signed URL using a canned policy": RSA with SHA-1 over the policy's JSON,
/// and base64 in an alphabet of its own.
public struct CloudFrontSigner: Sendable {
  private let key: RSAPrivateKey
  private let keyPairID: String

  /// - Parameter keyFile: path of a PEM file.
  /// - Throws: `.failed` or `.denied`, with the reason, where it holds no key that can sign.
  public init(keyFile: String, keyPairID: String) throws(StorageError) {
    guard let key = RSAPrivateKey(pem: try Self.content(of: keyFile)) else {
      throw StorageError(.failed, "\(keyFile) holds no RSA private key in PEM format without a passphrase")
    }
    guard key.signatureWithSHA1(of: [0]) != nil else {
      throw StorageError(.failed, "\(keyFile) holds a key that this machine's OpenSSL can't sign with (RSA, SHA-1)")
    }
    self.key = key
    self.keyPairID = PercentEncoding.encode(keyPairID)
  }

  /// `url`, which must have no query, with the signature added.
  /// - Parameter expiry: seconds since 1970.
  public func signed(_ url: String, expiry: Int64) throws(StorageError) -> String {
    let policy = #"{"Statement":[{"Resource":"\#(url)","Condition":{"DateLessThan":{"AWS:EpochTime":\#(expiry)}}}]}"#
    guard let signature = key.signatureWithSHA1(of: Array(policy.utf8)) else {
      throw StorageError(.failed, "sign a URL for CloudFront", cause: "OpenSSL can't")
    }
    return "\(url)?Expires=\(expiry)&Signature=\(Self.encoded(signature))&Key-Pair-Id=\(keyPairID)"
  }

  /// Base64 with `-` for `+`, `~` for `/` and `_` for `=`.
  private static func encoded(_ bytes: [UInt8]) -> String {
    let text = Base64URL.encode(bytes).utf8.map { byte in
      switch byte {
      case UInt8(ascii: "_"): UInt8(ascii: "~")
      case UInt8(ascii: "="): UInt8(ascii: "_")
      default: byte
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Bytes; far more than a key has. Bounds the memory if the path names another file.
  private static let longestKeyFile = 256 << 10

  private static func content(of path: String) throws(StorageError) -> [UInt8] {
    do throws(Errno) {
      // O_NONBLOCK, so that opening a FIFO does not wait for a writer.
      let file = try FileDescriptor(opening: path, O_RDONLY | O_NONBLOCK)
      if let content = try file.content(limit: longestKeyFile) { return content }
    } catch {
      throw StorageError(
        error.code == EACCES ? .denied : .failed, "\(path) can't be read", cause: String(cString: strerror(error.code)))
    }
    throw StorageError(.failed, "\(path) is too long for a key")
  }
}
