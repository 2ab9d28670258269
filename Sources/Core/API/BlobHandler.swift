import HTTPTypes

/// `/v2/<name>/blobs/<digest>`
struct BlobHandler {
  private let context: APIContext

  init(_ context: APIContext) {
    self.context = context
  }

  func get(
    _ request: Request, _ repository: Repository, _ digest: Digest
  ) async throws(RegistryError) -> Response {
    throw RegistryError(.unsupported)
  }

  func delete(
    _ request: Request, _ repository: Repository, _ digest: Digest
  ) async throws(RegistryError) -> Response {
    throw RegistryError(.unsupported)
  }
}
