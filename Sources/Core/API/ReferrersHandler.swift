import HTTPTypes

/// `/v2/<name>/referrers/<digest>`
struct ReferrersHandler {
  private let context: APIContext

  init(_ context: APIContext) {
    self.context = context
  }

  /// An OCI index of the referrers of `subject`; an empty one for a subject, or a repository, that does not exist.
  func list(
    _ request: Request, _ repository: Repository, _ subject: Digest
  ) async throws(RegistryError) -> Response {
    let query = request.parameters
    // A media type contains no space: it was a plus sign, which many clients do not encode.
    let filter = query.first("artifactType").flatMap { $0.isEmpty ? nil : $0.replacing(" ", with: "+") }
    var last: Digest?
    if let text = query.first("last"), !text.isEmpty { last = try Route.digest(text) }
    let start = last
    let page = try await RegistryError.fromStorage { () async throws(StorageError) in
      try await ReferrerPage(repository.referrers, of: subject, after: start, artifactType: filter)
    }
    var fields: HTTPFields = [.contentType: MediaType.ociIndex.rawValue]
    if filter != nil { fields[.ociFiltersApplied] = "artifactType" }
    if let next = page.next {
      let parameters = [("artifactType", filter), ("last", next.description)]
      fields.append(
        Pagination.next(
          "v2/\(repository.name)/referrers/\(subject)",
          parameters.compactMap { name, value in value.map { (name, $0) } }, context.configuration.http))
    }
    return Response(.ok, fields: fields, body: .bytes(page.index))
  }
}
