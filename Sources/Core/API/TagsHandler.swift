import HTTPTypes

/// `/v2/<name>/tags/list`
struct TagsHandler {
  private let context: APIContext

  init(_ context: APIContext) {
    self.context = context
  }

  /// The tags in byte order; all of them if the client gives no number.
  func list(_ request: Request, _ repository: Repository) async throws(RegistryError) -> Response {
    let page = try Pagination(request, maximum: context.configuration.tags.maxTags)
    let listing = try await RegistryError.fromStorage { () async throws(StorageError) in
      try await repository.tags.listing()
    }
    guard let listing else {
      throw RegistryError(.nameUnknown, detail: ["name": repository.name.description])
    }
    var fields: HTTPFields = [.contentType: "application/json"]
    let start = page.last.isEmpty ? 0 : listing.index(after: page.last)
    let end = start + min(listing.tags.count - start, page.limit ?? .max)
    if start == 0, end == listing.tags.count {
      return Response(.ok, fields: fields, body: .bytes(listing.answer))
    }
    let tags = listing.tags[start..<end]
    if let limit = page.limit, let last = tags.last, end < listing.tags.count {
      fields.append(
        Pagination.next(
          "v2/\(repository.name)/tags/list", [("n", String(limit)), ("last", last.description)],
          context.configuration.http))
    }
    return Response(.ok, fields: fields, body: .bytes(TagListing.render(repository.name, tags)))
  }
}

extension TagListing {
  /// The index of the first tag after `last`, which need not be a tag.
  fileprivate func index(after last: String) -> Int {
    var low = 0
    var high = tags.count
    while low < high {
      let middle = (low + high) / 2
      if last.utf8.lexicographicallyPrecedes(tags[middle].description.utf8) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
