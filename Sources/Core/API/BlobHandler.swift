import HTTPTypes

/// `/v2/<name>/blobs/<digest>` (distribution spec, "Pulling blobs" and "Deleting Blobs")
struct BlobHandler {
  let context: APIContext
  /// Content under a digest never changes, so caches may keep it for a year, as in docker/distribution.
  private static let cacheControl = "max-age=31536000"

  init(_ context: APIContext) {
    self.context = context
  }

  /// Sends the content. If possible, its bytes don't pass through this process: the web server sends the file, also
  /// ranges of it, or the client is redirected to the object store.
  func get(
    _ request: Request, _ repository: Repository, _ digest: Digest
  ) async throws(RegistryError) -> Response {
    let blob = try await RegistryError.fromStorage { () async throws(StorageError) in
      // A client that learns that the blob is there skips the upload, so protect it from garbage collection first.
      request.method == .head ? try await repository.blobs.claim(digest) : try await repository.blobs.resolve(digest)
    }
    guard let blob else { throw Self.unknown(digest) }
    let tag = EntityTag(digest)
    var fields: HTTPFields = [
      .dockerContentDigest: digest.description, .eTag: tag.field, .cacheControl: Self.cacheControl,
    ]
    let ifMatch = request.fields[.ifMatch]
    guard tag.matches(ifMatch: ifMatch) else { throw RegistryError(.preconditionFailed) }
    if tag.matches(ifNoneMatch: request.fields[.ifNoneMatch]) { return Response(.notModified, fields: fields) }
    fields[.contentType] = MediaType.octetStream.rawValue
    fields[.acceptRanges] = "bytes"
    if request.method == .head {
      fields[.contentLength] = String(blob.size)
      return Response(.ok, fields: fields)
    }
    do throws(StorageError) {
      // nginx would evaluate If-Match and If-Unmodified-Since against its own entity tag and date, so send such answers
      // from here.
      guard ifMatch == nil, request.fields[.ifUnmodifiedSince] == nil else {
        return try await send(blob, request, fields)
      }
      let download = DownloadRequest(
        clientAddress: request.remoteAddress, isByWebServer: context.configuration.storage.redirectDisabled)
      switch try await context.registry.driver.directURL(
        for: StorageLayout.blobData(blob.content), answering: download)
      {
      case .internalPath(let path)?:
        if Self.range(of: blob, request) == .unsatisfiable { return Self.rangeInvalid(of: blob, fields) }
        fields[.xAccelRedirect] = path
        // nginx adds Accept-Ranges to files that it sends; do not send the field twice.
        fields[.acceptRanges] = nil
        return Response(.ok, fields: fields)
      case .url(let url)? where context.configuration.storage.redirectDisabled:
        if let response = forward(url, blob, request, fields) { return response }
        return try await send(blob, request, fields)
      case .url(let url)?:
        fields[.contentType] = nil
        fields[.location] = url
        // The content stays; the URL to it may expire.
        fields[.cacheControl] = nil
        return Response(.temporaryRedirect, fields: fields)
      case nil:
        return try await send(blob, request, fields)
      }
    } catch  where error.code == .notFound {
      await repository.blobs.forget([digest])
      throw Self.unknown(digest)
    } catch {
      throw RegistryError(storage: error)
    }
  }

  /// Removes the blob's link from the repository; garbage collection removes its content.
  func delete(
    _ request: Request, _ repository: Repository, _ digest: Digest
  ) async throws(RegistryError) -> Response {
    try context.requireDeleteEnabled(.blob(repository.name, digest))
    let existed = try await RegistryError.fromStorage { () async throws(StorageError) in
      try await repository.blobs.unlink(digest)
    }
    guard existed else { throw Self.unknown(digest) }
    return Response(.accepted, fields: [.dockerContentDigest: digest.description])
  }

  /// Sends the content, or the requested range, through this process.
  private func send(
    _ blob: LinkedBlobStore.Blob, _ request: Request, _ fields: HTTPFields
  ) async throws(StorageError) -> Response {
    let range = Self.range(of: blob, request)
    var fields = fields
    fields[.contentRange] = range.contentRange(size: blob.size)
    let blobs = context.registry.blobs
    switch range {
    case .whole:
      let reader = try await blobs.reader(of: blob.content)
      return Response(.ok, fields: fields, body: .file(reader, length: blob.size))
    case .part(let part):
      let reader = try await blobs.reader(of: blob.content, from: part.lowerBound)
      return Response(
        .partialContent, fields: fields, body: .file(reader, length: part.upperBound - part.lowerBound))
    case .unsatisfiable:
      return Self.rangeInvalid(of: blob, fields)
    }
  }

  /// The range of a blob that is requested.
  static func range(of blob: LinkedBlobStore.Blob, _ request: Request) -> ByteRange {
    guard let range = request.fields[.range], EntityTag(blob.digest).matches(ifRange: request.fields[.ifRange]) else {
      return .whole
    }
    return ByteRange(range, size: blob.size)
  }

  static func rangeInvalid(of blob: LinkedBlobStore.Blob, _ fields: HTTPFields) -> Response {
    var fields = fields
    fields[.contentType] = nil
    fields[.cacheControl] = nil
    fields[.contentRange] = ByteRange.unsatisfiable.contentRange(size: blob.size)
    return RegistryError(.rangeInvalid, "the range lies outside the blob", fields: fields).response
  }

  private static func unknown(_ digest: Digest) -> RegistryError {
    RegistryError(.blobUnknown, "the repository has no such blob", detail: ["digest": digest.description])
  }
}
