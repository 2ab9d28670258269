extension Digest {
  private static let ofNothing = Set(Algorithm.allCases.map { ContentHasher.digest($0, of: []) })

  /// Whether it is the digest of no bytes at all.
  var isOfNothing: Bool { Digest.ofNothing.contains(self) }
}
