import HTTPTypes

/// `/v2/<name>/referrers/<digest>`
struct ReferrersHandler {
  private let context: APIContext

  init(_ context: APIContext) {
    self.context = context
  }

  func list(
    _ request: Request, _ repository: Repository, _ subject: Digest
  ) async throws(RegistryError) -> Response {
    throw RegistryError(.unsupported)
  }
}
