import HTTPTypes

/// `/v2/<name>/_berth/tags/<tag>/history`: what a tag points to and pointed to.
struct TagHistoryHandler {
  private let context: APIContext

  init(_ context: APIContext) {
    self.context = context
  }

  /// Number of manifests in a page if the client gives none.
  private static let defaultEntries = 100

  /// A page of the history, newest first. `last` is the digest that the page before ended with.
  func list(_ request: Request, _ repository: Repository, _ tag: Tag) async throws(RegistryError) -> Response {
    let maximum = max(0, context.configuration.tags.maxTags)
    let page = try Pagination(request, maximum: maximum)
    let limit = page.limit ?? min(TagHistoryHandler.defaultEntries, maximum)
    let events = try await RegistryError.fromStorage { () async throws(StorageError) in
      try await repository.tags.history(of: tag)
    }
    guard !events.isEmpty else { throw ManifestHandler.unknown(repository, .tag(tag)) }
    var start = 0
    if !page.last.isEmpty {
      let last = try Route.digest(page.last)
      guard let index = events.firstIndex(where: { $0.digest == last }) else {
        throw RegistryError(
          .digestInvalid, "the tag has never pointed to that: begin with the first page again",
          detail: ["digest": page.last])
      }
      start = index + 1
    }
    let shown = events[start..<(start + min(limit, events.count - start))]
    var fields: HTTPFields = [.contentType: "application/json"]
    if let last = shown.last, shown.endIndex < events.endIndex {
      fields.append(
        Pagination.next(
          "v2/\(repository.name)/_berth/tags/\(tag)/history",
          [("n", String(limit)), ("last", last.digest.description)], context.configuration.http))
    }
    let history = try await RegistryError.fromStorage { () async throws(StorageError) in
      try await TagHistory(shown, of: tag, in: repository)
    }
    return Response(.ok, fields: fields, body: .bytes(history.json))
  }
}
