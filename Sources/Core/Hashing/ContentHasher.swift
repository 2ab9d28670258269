import CCrypto

/// Hashes content as it streams by, and can be set aside and taken up again on another machine.
///
/// The state's bytes (``state``) are what Go's crypto/sha256 and crypto/sha512 marshal to, which is what
/// docker/distribution keeps in `hashstates`.
public struct ContentHasher: Sendable {
  /// The algorithm.
  public let algorithm: Digest.Algorithm
  /// Bytes hashed so far.
  public private(set) var count: Int64 = 0
  var context: Context

  /// OpenSSL's contexts are plain values: copying one forks the hash, and nothing needs to be freed.
  enum Context {
    case sha256(SHA256_CTX)
    case sha512(SHA512_CTX)
  }

  /// Over no bytes yet.
  public init(_ algorithm: Digest.Algorithm) {
    self.algorithm = algorithm
    switch algorithm {
    case .sha256:
      var sha256 = SHA256_CTX()
      SHA256_Init(&sha256)
      context = .sha256(sha256)
    case .sha512:
      var sha512 = SHA512_CTX()
      SHA512_Init(&sha512)
      context = .sha512(sha512)
    }
  }

  /// Goes on from a context that has seen `count` bytes.
  init(_ context: Context, count: Int64) {
    switch context {
    case .sha256: algorithm = .sha256
    case .sha512: algorithm = .sha512
    }
    self.context = context
    self.count = count
  }

  /// Takes the next bytes.
  public mutating func update(_ bytes: RawSpan) {
    guard !bytes.isEmpty else { return }
    bytes.withUnsafeBytes { bytes in
      switch context {
      case .sha256(var sha256):
        SHA256_Update(&sha256, bytes.baseAddress, bytes.count)
        context = .sha256(sha256)
      case .sha512(var sha512):
        SHA512_Update(&sha512, bytes.baseAddress, bytes.count)
        context = .sha512(sha512)
      }
    }
    count += Int64(bytes.byteCount)
  }

  /// The digest of the bytes so far. More may follow.
  public func finalize() -> Digest {
    var bytes = [UInt8](repeating: 0, count: algorithm.hexLength / 2)
    switch context {
    case .sha256(var sha256): SHA256_Final(&bytes, &sha256)
    case .sha512(var sha512): SHA512_Final(&bytes, &sha512)
    }
    return Digest(algorithm: algorithm, bytes: bytes)
  }

  /// The digest of bytes that are in memory.
  public static func digest(_ algorithm: Digest.Algorithm, of bytes: [UInt8]) -> Digest {
    var hasher = ContentHasher(algorithm)
    hasher.update(bytes.span.bytes)
    return hasher.finalize()
  }
}
