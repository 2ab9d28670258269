import HTTPTypes

/// `/v2/<name>/_berth/repository`: a repository as a whole.
struct RepositoryHandler {
  private let context: APIContext

  init(_ context: APIContext) {
    self.context = context
  }

  /// Removes the repository with everything in it; garbage collection removes the content. An upload that is being
  /// written to is kept.
  func delete(_ request: Request, _ repository: Repository) async throws(RegistryError) -> Response {
    let route = Route.repository(repository.name)
    try context.requireDeleteEnabled(route)
    guard context.configuration.storage.deleteRepositories else {
      throw RegistryError(
        .unsupported, "deleting repositories is switched off: see storage.delete.repositories",
        fields: [.allow: route.allowedMethods(context.configuration.storage)])
    }
    let outcome = try await RegistryError.fromStorage { () async throws(StorageError) in
      try await RepositoryRemoval(of: repository).run(counting: false)
    }
    guard outcome != nil else {
      throw RegistryError(.nameUnknown, detail: ["name": repository.name.description])
    }
    return Response(.accepted)
  }
}
