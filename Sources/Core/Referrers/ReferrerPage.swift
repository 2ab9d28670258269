/// One page of a subject's referrers, in the order of their digests.
struct ReferrerPage {
  /// What the page shows.
  private(set) var entries: [ReferrerEntry] = []
  /// The digest after which the next page begins; nil where nothing is left.
  private(set) var next: Digest?

  /// Referrers in a page at the most.
  static let maximumEntries = 500
  /// Bytes of descriptors in a page at the most, a single larger one apart: what clients take as a manifest.
  static let maximumSize = Manifest.maximumSize - 1024
  /// Files that a page reads at the most, however few of them pass the filter.
  static let maximumExamined = 2000

  /// The referrers of `subject` after `last`, those with `artifactType` alone where one is given.
  init(
    _ service: ReferrerService, of subject: Digest, after last: Digest?, artifactType: String?
  ) async throws(StorageError) {
    let candidates = try await service.candidates(of: subject)
    let start = last.map { last in
      candidates.firstIndex { last.description.utf8.lexicographicallyPrecedes($0.description.utf8) }
        ?? candidates.endIndex
    }
    var size = 0
    var examined = 0
    var previous: Digest?
    var rest = candidates[(start ?? 0)...]
    while !rest.isEmpty {
      let room = min(ReferrerPage.maximumEntries - entries.count, ReferrerPage.maximumExamined - examined)
      guard room > 0 else {
        next = previous
        return
      }
      let batch = Array(rest.prefix(min(room, service.concurrency)))
      rest = rest.dropFirst(batch.count)
      for (digest, entry) in zip(batch, try await service.entries(batch, of: subject)) {
        examined += 1
        if let entry, artifactType == nil || entry.artifactType == artifactType {
          if !entries.isEmpty, size + entry.json.count > ReferrerPage.maximumSize {
            next = previous
            return
          }
          size += entry.json.count
          entries.append(entry)
        }
        previous = digest
      }
    }
  }

  /// The page as an OCI index.
  var index: [UInt8] {
    var json = JSONWriter(capacity: 256 + entries.reduce(0) { $0 + $1.json.count + 1 })
    json.object { json in
      json.integer("schemaVersion", 2)
      json.string("mediaType", MediaType.ociIndex.rawValue)
      json.array("manifests") { json in
        for entry in entries { json.raw(nil, entry.json) }
      }
    }
    return json.bytes
  }
}
