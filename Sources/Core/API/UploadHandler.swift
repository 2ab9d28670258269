import HTTPTypes

/// `/v2/<name>/blobs/uploads/` and below
struct UploadHandler {
  private let context: APIContext

  init(_ context: APIContext) {
    self.context = context
  }

  func begin(_ request: Request, _ repository: Repository) async throws(RegistryError) -> Response {
    throw RegistryError(.unsupported)
  }

  func status(
    _ request: Request, _ repository: Repository, _ id: UploadID
  ) async throws(RegistryError) -> Response {
    throw RegistryError(.unsupported)
  }

  func append(
    _ request: Request, _ repository: Repository, _ id: UploadID
  ) async throws(RegistryError) -> Response {
    throw RegistryError(.unsupported)
  }

  func finish(
    _ request: Request, _ repository: Repository, _ id: UploadID
  ) async throws(RegistryError) -> Response {
    throw RegistryError(.unsupported)
  }

  func cancel(
    _ request: Request, _ repository: Repository, _ id: UploadID
  ) async throws(RegistryError) -> Response {
    throw RegistryError(.unsupported)
  }
}
