/// Manifests that this process has read lately, by their digests.
///
/// It does not show whether a repository has a manifest: the repository's link is read first, each time. The digest of
/// each manifest was verified, so that an entry can't be wrong.
final class ManifestCache: Sendable {
  private let contents: BoundedCache<Digest, [UInt8]>
  private let meter: CacheMeter

  /// - Parameter limit: bytes.
  init(limit: Int, _ meter: CacheMeter) {
    contents = BoundedCache(limit: limit)
    self.meter = meter
  }

  /// A manifest's bytes; nil where they are not kept.
  func content(of digest: Digest) -> [UInt8]? {
    let content = contents.value(for: digest)
    meter.count(content == nil ? .manifestMisses : .manifestHits, 1)
    return content
  }

  /// Keeps a manifest whose digest has been computed.
  func keep(_ content: [UInt8], _ digest: Digest) {
    contents.store(content, for: digest, cost: content.count + ManifestCache.overhead)
  }

  /// Bytes for the digest and the tables.
  private static let overhead = 256
}
