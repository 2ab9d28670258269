/// Hashes content as it streams by, and can be set aside and taken up again on another machine.
///
/// The state's bytes are what Go's crypto/sha256 and crypto/sha512 marshal to, which is what
/// docker/distribution keeps in `hashstates`.
public struct ContentHasher: Sendable {
  /// The algorithm.
  public let algorithm: Digest.Algorithm
  /// Bytes hashed so far.
  public private(set) var count: Int64 = 0

  /// Over no bytes yet.
  public init(_ algorithm: Digest.Algorithm) {
    self.algorithm = algorithm
  }
}
