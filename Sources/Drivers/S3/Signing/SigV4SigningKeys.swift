import Core
import NIOConcurrencyHelpers

/// Signing keys, remembered: a key costs four HMACs, and is valid for a day.
final class SigV4SigningKeys: Sendable {
  private struct Scope: Hashable {
    var day: String
    var region: String
    var service: String
    var secretKey: Secret
  }

  /// More than one around midnight, and while credentials are replaced.
  private static let capacity = 4

  private let keys = NIOLockedValueBox<[Scope: [UInt8]]>([:])

  /// - Parameter day: `YYYYMMDD`, UTC.
  func key(day: String, region: String, service: String, secretKey: Secret) -> [UInt8] {
    let scope = Scope(day: day, region: region, service: service, secretKey: secretKey)
    if let key = keys.withLockedValue({ $0[scope] }) { return key }
    let key = [day, region, service, "aws4_request"].reduce(Array(("AWS4" + secretKey.value).utf8)) { key, part in
      MessageAuthentication.code(of: Array(part.utf8), key: key)
    }
    keys.withLockedValue { keys in
      if keys.count >= Self.capacity { keys.removeAll(keepingCapacity: true) }
      keys[scope] = key
    }
    return key
  }
}
