import HTTPTypes

/// `/v2/<name>/manifests/<tag-or-digest>`
struct ManifestHandler {
  private let context: APIContext

  init(_ context: APIContext) {
    self.context = context
  }

  func get(
    _ request: Request, _ repository: Repository, _ reference: Reference
  ) async throws(RegistryError) -> Response {
    throw RegistryError(.unsupported)
  }

  func put(
    _ request: Request, _ repository: Repository, _ reference: Reference
  ) async throws(RegistryError) -> Response {
    throw RegistryError(.unsupported)
  }

  func delete(
    _ request: Request, _ repository: Repository, _ reference: Reference
  ) async throws(RegistryError) -> Response {
    throw RegistryError(.unsupported)
  }
}
