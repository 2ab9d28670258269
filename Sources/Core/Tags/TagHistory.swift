/// A part of what a tag points to and pointed to, newest first.
public struct TagHistory: Sendable {
  private let repository: RepositoryName
  private let tag: Tag
  /// What the tag points to and pointed to.
  public let events: [TagEvent]
  /// Those of the manifests that the repository still has.
  public let existing: Set<Digest>

  init(
    _ events: some Sequence<TagEvent>, of tag: Tag, in repository: Repository
  ) async throws(StorageError) {
    self.repository = repository.name
    self.tag = tag
    self.events = Array(events)
    let digests = self.events.map(\.digest)
    let exist = try await repository.registry.unreadable.map(
      digests, path: { StorageLayout.revisionLink(repository.name, $0) }
    ) { digest throws(StorageError) in try await repository.manifests.has(digest) }
    existing = Set(zip(digests, exist).lazy.filter { $0.1 == true }.map(\.0))
  }

  /// As the API answers it.
  public var json: [UInt8] {
    var json = JSONWriter(capacity: 64 + events.count * 160)
    json.object { json in
      json.string("name", repository.description)
      json.string("tag", tag.description)
      json.array("history") { json in
        for event in events {
          json.object { json in
            json.string("digest", event.digest.description)
            json.string("time", event.timeText)
            json.boolean("current", event.isCurrent)
            json.boolean("exists", existing.contains(event.digest))
          }
        }
      }
    }
    return json.bytes
  }
}

extension Repository {
  /// The whole history of a tag; without events where there is no such tag.
  public func tagHistory(of tag: Tag) async throws(StorageError) -> TagHistory {
    try await TagHistory(try await tags.history(of: tag), of: tag, in: self)
  }
}
