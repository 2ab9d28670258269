import HTTPTypes

/// `/v2/<name>/tags/list`
struct TagsHandler {
  private let context: APIContext

  init(_ context: APIContext) {
    self.context = context
  }

  func list(_ request: Request, _ repository: Repository) async throws(RegistryError) -> Response {
    throw RegistryError(.unsupported)
  }
}
