import HTTPTypes

/// `POST /v2/<name>/blobs/uploads/`: a mount, content in the request itself, or an upload that begins.
extension UploadHandler {
  func begin(_ request: Request, _ repository: Repository) async throws(RegistryError) -> Response {
    let parameters = request.parameters
    if let digest = parameters.first("mount").flatMap({ Digest($0) }),
      let source = mountSource(parameters.first("from"))
    {
      let isMounted = try await RegistryError.fromStorage { () async throws(StorageError) in
        try await repository.mount(digest, from: source)
      }
      if isMounted { return created(request, repository, digest) }
    }
    if parameters.first("digest") != nil {
      return try await takeWhole(request, repository, try requiredDigest(request))
    }
    let algorithm = try algorithm(parameters.first("digest-algorithm"))
    let upload = try await RegistryError.fromStorage { () async throws(StorageError) in
      try await repository.uploads.begin(algorithm)
    }
    return Response(.accepted, fields: fields(request, repository, upload))
  }

  /// From where the client may mount (`policy.repository.mounts`). nil: nowhere, and also where `from` is no repository
  /// name. The client is then asked to upload, as for a blob that does not exist.
  private func mountSource(_ from: String?) -> MountSource? {
    switch (context.configuration.policy.mounts, from) {
    case (.off, _), (.from, nil): nil
    case (.any, nil): .anywhere
    case (_, let from?): RepositoryName(from).map { .repository($0) }
    }
  }

  /// Stores content that is sent with the POST. A failure leaves nothing behind.
  private func takeWhole(
    _ request: Request, _ repository: Repository, _ digest: Digest
  ) async throws(RegistryError) -> Response {
    let session = try await RegistryError.fromStorage { () async throws(StorageError) in
      try await repository.uploads.openUnnamed(digest, length: request.contentLength)
    }
    try await session.finish(request.body, UploadChunk(length: request.contentLength), as: digest)
    return created(request, repository, digest)
  }

  private func algorithm(_ name: String?) throws(RegistryError) -> Digest.Algorithm {
    guard let name else { return .sha256 }
    guard let algorithm = Digest.Algorithm(rawValue: name) else {
      throw RegistryError(
        .digestInvalid, "digest-algorithm is sha256 or sha512", detail: ["digest-algorithm": name])
    }
    return algorithm
  }
}
