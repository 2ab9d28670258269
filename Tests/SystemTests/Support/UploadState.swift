import CCrypto
import Foundation

/// The `_state` of an upload as docker/distribution signs it.
enum UploadState {
  /// base64url of HMAC-SHA256 and JSON, ready for a query.
  static func signed(_ json: String, secret: String) -> String {
    let key = Array(secret.utf8)
    let message = Array(json.utf8)
    var signature = [UInt8](repeating: 0, count: 32)
    var count: UInt32 = 32
    _ = HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &signature, &count)
    return Data(signature + message).base64EncodedString()
      .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
      .replacingOccurrences(of: "=", with: "%3D")
  }
}
