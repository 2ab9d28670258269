import HTTPTypes

/// `/v2/_catalog`: the names of all repositories.
struct CatalogHandler {
  private let context: APIContext

  init(_ context: APIContext) {
    self.context = context
  }

  func list(_ request: Request) async throws(RegistryError) -> Response {
    throw RegistryError(.unsupported)
  }
}
