import HTTPTypes

extension ManifestHandler {
  /// A manifest, byte for byte, or 304 for a client that has it.
  ///
  /// Reads the tag's link, the manifest's link, and the content: three small files, and for a 304 two.
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
    if tag.matches(ifNoneMatch: request.fields[.ifNoneMatch]), tag.matches(ifMatch: request.fields[.ifMatch]),
      try await RegistryError.fromStorage({ () async throws(StorageError) in
        try await repository.manifests.exists(digest)
      })
    {
      return Response(.notModified, fields: fields(digest, reference))
    }
    if request.method == .head {
      // Who asks whether it is there will not push it.
      _ = try await RegistryError.fromStorage { () async throws(StorageError) in
        try await repository.manifests.claim(digest)
      }
    }
    let found = try await load(digest, repository)
    guard let found else { throw ManifestHandler.unknown(repository, reference) }
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
    let content: [UInt8]
  }

  /// A stored manifest; nil where there is none that can be read.
  /// - Throws: `MANIFEST_UNKNOWN` for one that is stored but not served.
  private func load(_ digest: Digest, _ repository: Repository) async throws(RegistryError) -> Found? {
    let content = try await RegistryError.fromStorage { () async throws(StorageError) -> [UInt8]? in
      if let content = try await repository.manifests.content(of: digest) { return content }
      return try await repository.manifests.schema1AmongLayers(digest)
    }
    guard let content, let head = ManifestHead(of: content) else { return nil }
    switch head.kind {
    case .image, .index, .artifact:
      return Found(digest: digest, head: head, content: content)
    case .schema1:
      throw RegistryError(
        .manifestUnknown,
        "this manifest has schema 1, which this version keeps but does not serve: push the image again with a newer client",
        detail: ["digest": digest.description])
    }
  }

  /// The child of a manifest list that clients get which know no lists.
  private func defaultPlatform(
    of list: Found, _ accepted: AcceptedTypes, _ repository: Repository, _ reference: Reference
  ) async throws(RegistryError) -> Found {
    let child = (try? Manifest(list.content, contentType: nil))?.manifests.first {
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
    // What a tag answers depends on what the client accepts only where it is a manifest list.
    if reference.isTag, found.head.kind == .index { fields[.vary] = "Accept" }
    guard request.method != .head else {
      fields[.contentLength] = String(found.content.count)
      return Response(.ok, fields: fields)
    }
    return Response(.ok, fields: fields, body: .bytes(found.content))
  }

  private func fields(_ digest: Digest, _ reference: Reference) -> HTTPFields {
    let seconds = context.configuration.http.manifestMaxAge.components.seconds
    return [
      .dockerContentDigest: digest.description,
      .eTag: EntityTag(digest).field,
      // A digest means the same for ever; a tag may point elsewhere the next moment.
      .cacheControl: reference.isTag ? "no-cache" : "max-age=\(seconds)",
    ]
  }
}

extension Reference {
  /// Whether it may point elsewhere later.
  fileprivate var isTag: Bool {
    switch self {
    case .tag: true
    case .digest: false
    }
  }
}
