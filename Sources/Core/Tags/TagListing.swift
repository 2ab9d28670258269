/// The tags of one repository, in the order of the tag list, as they were at one moment.
struct TagListing: Sendable {
  /// Tags that point to something, in byte order.
  let tags: [Tag]
  /// Tags whose link is missing or torn: about to be pushed, or left by a crash. Not listed.
  let unfinished: [Tag]
  /// The answer that lists all tags.
  let answer: [UInt8]

  init(repository: RepositoryName, tags: [Tag], unfinished: [Tag]) {
    self.tags = tags.sorted()
    self.unfinished = unfinished
    answer = TagListing.render(repository, self.tags[...])
  }

  /// The body of an answer (distribution spec, "Listing Tags").
  static func render(_ repository: RepositoryName, _ tags: ArraySlice<Tag>) -> [UInt8] {
    var json = JSONWriter(capacity: 64 + tags.count * 16)
    json.object { json in
      json.string("name", repository.description)
      json.array("tags") { json in
        for tag in tags { json.string(nil, tag.description) }
      }
    }
    return json.bytes
  }
}
