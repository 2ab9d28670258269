/// A manifest that a tag points to or pointed to.
public struct TagEvent: Sendable, Equatable {
  /// The manifest.
  public var digest: Digest
  /// When the tag pointed to it for the first time (nanoseconds since 1970).
  public var time: Int64
  /// Whether the tag points to it now.
  public var isCurrent: Bool

  /// The time as RFC 3339 has it.
  public var timeText: String { RFC3339.text(secondsSince1970: time / 1_000_000_000) }
}

extension TagService {
  /// The manifests that a tag points to, or pointed to, newest first; empty where there is no such tag.
  ///
  /// The time is that of the link in the tag's index, which is written once per manifest: if a tag was moved back to a
  /// manifest, the time when it first pointed there. Costs a listing, and a stat for each manifest.
  func history(of tag: Tag) async throws(StorageError) -> [TagEvent] {
    let link = StorageLayout.tagCurrentLink(repository.name, tag)
    let current = try await repository.registry.unreadable.optional(link) { () async throws(StorageError) in
      try await target(of: tag)
    }
    var events: [TagEvent] = []
    for algorithm in Digest.Algorithm.allCases {
      let directory = StorageLayout.tagIndex(repository.name, tag, algorithm)
      let digests = try await repository.driver.names(in: directory).compactMap {
        Digest(algorithm: algorithm, hex: $0)
      }
      let times = try await repository.registry.unreadable.map(
        digests, path: { directory / String($0.hex) / "link" }
      ) { digest throws(StorageError) in try await time(of: directory / String(digest.hex) / "link") }
      for case (let digest, let time??) in zip(digests, times) {
        events.append(TagEvent(digest: digest, time: time, isCurrent: digest == current))
      }
    }
    if let current, !events.contains(where: \.isCurrent),
      let time = try await time(of: link)
    {
      events.append(TagEvent(digest: current, time: time, isCurrent: true))
    }
    return events.sorted {
      $0.time == $1.time ? $0.digest.description < $1.digest.description : $0.time > $1.time
    }
  }

  /// When a link was written; nil where there is none, or an empty one, as a crash may leave it.
  private func time(of link: StoragePath) async throws(StorageError) -> Int64? {
    do {
      let entry = try await repository.driver.stat(link)
      return entry.size > 0 ? entry.modified : nil
    } catch  where error.code == .notFound || error.code == .wrongKind {
      return nil
    }
  }
}

extension ManifestService {
  /// Whether a tag that points to `digest` points to something.
  func has(_ digest: Digest) async throws(StorageError) -> Bool {
    if try await exists(digest) { return true }
    return try await schema1AmongLayers(digest) != nil
  }
}
