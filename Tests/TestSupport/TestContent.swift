package import Core

/// Content that tests push.
package enum TestContent {
  /// Bytes of a sequence without short periods: byte i is (7·i + ⌊i/256⌋ + seed) mod 256.
  package static func bytes(_ count: Int, seed: Int = 0) -> [UInt8] {
    (0..<count).map { (index: Int) -> UInt8 in
      let value: Int = 7 * index + index / 256 + seed
      return UInt8(truncatingIfNeeded: value)
    }
  }

  /// The digest of `content`.
  package static func digest(_ content: [UInt8], _ algorithm: Digest.Algorithm = .sha256) -> Digest {
    ContentHasher.digest(algorithm, of: content)
  }
}
