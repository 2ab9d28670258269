import CCrypto

extension Digest {
  /// Of content that is in memory, whole.
  init(of content: [UInt8], _ algorithm: Algorithm) {
    var bytes = [UInt8](repeating: 0, count: algorithm.hexLength / 2)
    switch algorithm {
    case .sha256: _ = SHA256(content, content.count, &bytes)
    case .sha512: _ = SHA512(content, content.count, &bytes)
    }
    self.init(algorithm: algorithm, bytes: bytes)
  }
}
