import HTTPTypes

/// `/v2/_catalog`: the names of all repositories.
struct CatalogHandler {
  private let context: APIContext

  init(_ context: APIContext) {
    self.context = context
  }

  /// A page of names in byte order.
  func list(_ request: Request) async throws(RegistryError) -> Response {
    let maximum = max(0, context.configuration.catalog.maxEntries)
    let page = try Pagination(request, maximum: maximum)
    let limit = page.limit ?? min(Configuration.Catalog.defaultEntries, maximum)
    var names: [String] = []
    if limit > 0 {
      // One more tells whether there is more.
      names = try await RegistryError.fromStorage { () async throws(StorageError) in
        try await context.registry.catalog.names(after: page.last, limit: min(limit, .max - 1) + 1)
      }
    }
    var fields: HTTPFields = [.contentType: "application/json"]
    if names.count > limit {
      names.removeLast(names.count - limit)
      fields.append(
        Pagination.next(
          "v2/_catalog", [("n", String(limit)), ("last", names.last ?? "")], context.configuration.http))
    }
    var json = JSONWriter(capacity: 64 + names.count * 32)
    json.object { json in
      json.array("repositories") { json in
        for name in names { json.string(nil, name) }
      }
    }
    return Response(.ok, fields: fields, body: .bytes(json.bytes))
  }
}
