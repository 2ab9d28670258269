import HTTPTypes

extension ManifestHandler {
  /// A manifest, byte for byte, or 304 for a client that has it.
  ///
  /// Reads the tag's link, the manifest's link, and the content: three small files, and for a 304 two. Of a large
  /// manifest on a local disk, HEAD reads the beginning alone.
  func get(
    _ request: Request, _ repository: Repository, _ reference: Reference
  ) async throws(RegistryError) -> Response {
    let digest: Digest
    switch reference {
    case .digest(let named):
      digest = named
    case .tag(let tag):
      let target = try await RegistryError.fromStorage { () async throws(StorageError) in
        try await repository.tags.target(of: tag)
      }
      guard let target else { throw ManifestHandler.unknown(repository, reference) }
      digest = target
    }
    let tag = EntityTag(digest)
    let isHead = request.method == .head
    // A client that learns that the manifest is there skips the push, whether by 200 or by 304, so protect it from
    // garbage collection first.
    let claimed =
      isHead
      ? try await RegistryError.fromStorage { () async throws(StorageError) in
        try await repository.manifests.claim(digest)
      } : nil
    if tag.matches(ifNoneMatch: request.fields[.ifNoneMatch]), tag.matches(ifMatch: request.fields[.ifMatch]) {
      let isThere =
        isHead
        ? claimed != nil
        : try await RegistryError.fromStorage { () async throws(StorageError) in
          try await repository.manifests.exists(digest)
        }
      if isThere { return Response(.notModified, fields: fields(digest, reference)) }
    }
    guard let found = try await find(digest, claimed, repository) else {
      throw ManifestHandler.unknown(repository, reference)
    }
    guard tag.matches(ifMatch: request.fields[.ifMatch]) else { throw RegistryError(.preconditionFailed) }
    let accepted = AcceptedTypes(request.fields[.accept])
    switch Negotiation(found.head.mediaType, accepting: accepted, byTag: reference.isTag) {
    case .serve:
      return response(found, request, reference)
    case .serveDefaultPlatform:
      return response(try await defaultPlatform(of: found, accepted, repository, reference), request, reference)
    case .refuse(let message):
      throw RegistryError(.manifestUnknown, message, detail: ["mediaType": found.head.mediaType.rawValue])
    }
  }

  /// A manifest as it is stored.
  private struct Found {
    let digest: Digest
    let head: ManifestHead
    /// Bytes.
    let size: Int64
    /// nil: not read yet.
    let content: [UInt8]?
  }

  /// A stored manifest; nil where there is none that can be read.
  /// - Parameter claimed: its size, if it was claimed for HEAD, which needs only as much of the content as determines
  ///   its type; nil: the whole content is needed.
  private func find(
    _ digest: Digest, _ claimed: Int64?, _ repository: Repository
  ) async throws(RegistryError) -> Found? {
    guard let claimed else { return try await load(digest, repository) }
    let head = try await RegistryError.fromStorage { () async throws(StorageError) in
      try await repository.manifests.head(of: digest, size: claimed)
    }
    guard let head else { return nil }
    return try ManifestHandler.served(Found(digest: digest, head: head, size: claimed, content: nil))
  }

  /// A stored manifest with its content; nil where there is none that can be read.
  private func load(_ digest: Digest, _ repository: Repository) async throws(RegistryError) -> Found? {
    let content = try await RegistryError.fromStorage { () async throws(StorageError) -> [UInt8]? in
      if let content = try await repository.manifests.content(of: digest) { return content }
      return try await repository.manifests.schema1AmongLayers(digest)
    }
    guard let content, let head = ManifestHead(of: content) else { return nil }
    return try ManifestHandler.served(
      Found(digest: digest, head: head, size: Int64(content.count), content: content))
  }

  /// - Throws: `MANIFEST_UNKNOWN` for what is stored but not served.
  private static func served(_ found: Found) throws(RegistryError) -> Found {
    switch found.head.kind {
    case .image, .index, .artifact:
      return found
    case .schema1:
      throw RegistryError(
        .manifestUnknown,
        "this manifest has schema 1, which this version keeps but does not serve: push the image again with a newer client",
        detail: ["digest": found.digest.description])
    }
  }

  /// The child of a manifest list for clients that don't accept lists.
  private func defaultPlatform(
    of list: Found, _ accepted: AcceptedTypes, _ repository: Repository, _ reference: Reference
  ) async throws(RegistryError) -> Found {
    let content = if let content = list.content { content } else { try await load(list.digest, repository)?.content }
    let child = content.flatMap { try? Manifest($0, contentType: nil) }?.manifests.first {
      $0.platform?.architecture == "amd64" && $0.platform?.os == "linux"
    }
    guard let child, let found = try await load(child.digest, repository) else {
      throw ManifestHandler.unknown(repository, reference)
    }
    guard found.head.mediaType != .dockerManifest || accepted.contains(found.head.mediaType.rawValue) else {
      throw RegistryError(.manifestInvalid, "Schema 2 manifest not supported by client")
    }
    return found
  }

  private func response(_ found: Found, _ request: Request, _ reference: Reference) -> Response {
    var fields = fields(found.digest, reference)
    fields[.contentType] = found.head.mediaType.rawValue
    // The answer depends on `Accept` only if the tag points to a manifest list.
    if reference.isTag, found.head.kind == .index { fields[.vary] = "Accept" }
    guard request.method != .head, let content = found.content else {
      fields[.contentLength] = String(found.size)
      return Response(.ok, fields: fields)
    }
    return Response(.ok, fields: fields, body: .bytes(content))
  }

  private func fields(_ digest: Digest, _ reference: Reference) -> HTTPFields {
    let seconds = context.configuration.http.manifestMaxAge.components.seconds
    return [
      .dockerContentDigest: digest.description,
      .eTag: EntityTag(digest).field,
      // The content of a digest never changes; a tag may be moved at any time.
      .cacheControl: reference.isTag ? "no-cache" : "max-age=\(seconds)",
    ]
  }
}

extension Reference {
  /// Whether it may name another manifest later.
  fileprivate var isTag: Bool {
    switch self {
    case .tag: true
    case .digest: false
    }
  }
}
