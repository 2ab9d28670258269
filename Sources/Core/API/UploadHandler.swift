import HTTPTypes

/// `/v2/<name>/blobs/uploads/<id>` (distribution spec, "Pushing blobs"). Beginning is in a file of its own.
struct UploadHandler {
  let context: APIContext

  init(_ context: APIContext) {
    self.context = context
  }

  /// Reports the progress. Accepts an outdated state, or one of another secret: the answer has a new one.
  func status(
    _ request: Request, _ repository: Repository, _ id: UploadID
  ) async throws(RegistryError) -> Response {
    Response(.noContent, fields: fields(request, repository, try await repository.uploads.find(id)))
  }

  /// Takes a chunk, or a stream.
  func append(
    _ request: Request, _ repository: Repository, _ id: UploadID
  ) async throws(RegistryError) -> Response {
    let state = try state(request, repository, id)
    let session = try await repository.uploads.open(id)
    let chunk = try await chunk(request, repository, session, state)
    try await session.append(request.body, chunk)
    return Response(.accepted, fields: fields(request, repository, session.upload))
  }

  /// Takes the last chunk, if there is one, and closes.
  func finish(
    _ request: Request, _ repository: Repository, _ id: UploadID
  ) async throws(RegistryError) -> Response {
    let digest = try requiredDigest(request)
    let state = try state(request, repository, id)
    let session: UploadSession
    do {
      session = try await repository.uploads.open(id, toCloseAs: digest, length: request.contentLength)
    } catch {
      // A client that closed the upload but lost the answer repeats the request with the same last bytes.
      if error.status == .notFound, let state,
        try await isRepeated(request, repository, digest, from: state.offset)
      {
        return created(request, repository, digest)
      }
      throw error
    }
    // An empty body can't be out of order. Some clients send a range or an old state with it all the same.
    let chunk =
      request.contentLength == 0
      ? UploadChunk(length: 0)
      : try await chunk(request, repository, session, state)
    try await session.finish(request.body, chunk, as: digest)
    return created(request, repository, digest)
  }

  /// Cancels an upload and removes it.
  func cancel(
    _ request: Request, _ repository: Repository, _ id: UploadID
  ) async throws(RegistryError) -> Response {
    _ = try state(request, repository, id)
    let session = try await repository.uploads.open(id)
    try await RegistryError.fromStorage { () async throws(StorageError) in try await session.remove() }
    return Response(.noContent, fields: [.dockerUploadUUID: id.description])
  }

  // MARK: - What requests say

  func requiredDigest(_ request: Request) throws(RegistryError) -> Digest {
    guard let text = request.parameters.first("digest") else {
      throw RegistryError(.digestInvalid, "the parameter digest is missing")
    }
    return try Route.digest(text)
  }

  /// The state (`_state`) that the client returns, verified; nil where it returns none, which is allowed.
  private func state(
    _ request: Request, _ repository: Repository, _ id: UploadID
  ) throws(RegistryError) -> UploadStateToken? {
    guard let token = request.parameters.first("_state") else { return nil }
    guard let state = UploadStateToken(token: token, secret: context.configuration.http.secret.value),
      state.name == repository.name.description, state.id == id.description
    else {
      throw RegistryError(
        .blobUploadInvalid, "_state was not given out for this upload; GET the upload for a new Location",
        detail: ["uuid": id.description])
    }
    return state
  }

  /// Decides where the body goes. If it is refused, the upload is released for the next request.
  private func chunk(
    _ request: Request, _ repository: Repository, _ session: UploadSession, _ state: UploadStateToken?
  ) async throws(RegistryError) -> UploadChunk {
    let upload = session.upload
    do {
      return try UploadChunk(
        contentRange: request.fields[.contentRange], contentLength: request.contentLength,
        stateOffset: state?.offset, size: upload.size)
    } catch {
      await session.letGo()
      switch error {
      case .outOfOrder:
        throw RegistryError(
          .rangeInvalid, "the next byte that the upload takes is \(upload.size)",
          detail: ["offset": String(upload.size)], fields: fields(request, repository, upload))
      case .lengthMismatch:
        throw RegistryError(.sizeInvalid, "Content-Range and Content-Length do not agree")
      }
    }
  }

  // MARK: - Answers

  /// The header fields of every answer about an upload.
  func fields(_ request: Request, _ repository: Repository, _ upload: Upload) -> HTTPFields {
    let token = UploadStateToken(upload, in: repository.name).token(secret: context.configuration.http.secret.value)
    return [
      .location: context.locations.upload(request, repository.name, upload.id, state: token),
      .range: upload.range,
      .dockerUploadUUID: upload.id.description,
    ]
  }

  /// The answer to content that is now a blob of the repository.
  func created(_ request: Request, _ repository: Repository, _ digest: Digest) -> Response {
    Response(
      .created,
      fields: [
        .location: context.locations.blob(request, repository.name, digest),
        .dockerContentDigest: digest.description,
      ])
  }
}
