import HTTPTypes

/// `/v2/<name>/manifests/<tag-or-digest>`
struct ManifestHandler {
  let context: APIContext

  init(_ context: APIContext) {
    self.context = context
  }

  /// Removes a manifest by digest, or only a tag.
  func delete(
    _ request: Request, _ repository: Repository, _ reference: Reference
  ) async throws(RegistryError) -> Response {
    try context.requireDeleteEnabled(.manifest(repository.name, reference))
    let existed = try await RegistryError.fromStorage { () async throws(StorageError) -> Bool in
      switch reference {
      case .tag(let tag): try await repository.tags.remove(tag)
      case .digest(let digest): try await repository.manifests.delete(digest)
      }
    }
    guard existed else { throw ManifestHandler.unknown(repository, reference) }
    return Response(.accepted)
  }

  /// The error for a manifest that does not exist.
  static func unknown(_ repository: Repository, _ reference: Reference) -> RegistryError {
    var detail = ["name": repository.name.description]
    switch reference {
    case .tag(let tag): detail["tag"] = tag.description
    case .digest(let digest): detail["digest"] = digest.description
    }
    return RegistryError(.manifestUnknown, detail: detail)
  }
}
