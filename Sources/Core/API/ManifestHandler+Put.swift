import HTTPTypes

extension ManifestHandler {
  /// Stores a manifest, and points tags to it: the tag in the path, or those of `?tag=` if the path has a digest.
  func put(
    _ request: Request, _ repository: Repository, _ reference: Reference
  ) async throws(RegistryError) -> Response {
    let tags: [Tag]
    switch reference {
    case .tag(let tag): tags = [tag]
    case .digest: tags = try ManifestHandler.queryTags(request)
    }
    let content = try await ManifestHandler.readBody(request)
    let digest = try ManifestHandler.digest(of: content, pushedAs: reference)
    let manifest = try Manifest(content, contentType: request.fields[.contentType])
    try await repository.manifests.put(
      content, manifest, digest: digest, tags: tags,
      ManifestVerification(repository, context.configuration.validation))
    var fields: HTTPFields = [
      .location: context.locations.manifest(request, repository.name, digest.description),
      .dockerContentDigest: digest.description,
    ]
    if let subject = manifest.subject { fields[.ociSubject] = subject.digest.description }
    if case .digest = reference, !tags.isEmpty {
      fields[.ociTag] = tags.map(\.description).joined(separator: ", ")
    }
    return Response(.created, fields: fields)
  }

  /// Maximum bytes of tags in one push: the answer's header repeats them, and web servers limit headers.
  /// Far more than the ten tags that the distribution spec asks for.
  private static let maximumTagBytes = 2048

  private static func queryTags(_ request: Request) throws(RegistryError) -> [Tag] {
    var tags: [Tag] = []
    var bytes = 0
    for text in request.parameters.all("tag") {
      let tag = try Route.tag(text)
      guard !tags.contains(tag) else { continue }
      bytes += text.utf8.count + 2
      guard bytes <= maximumTagBytes else {
        throw RegistryError(.tagInvalid, "too many tags for one push", status: .uriTooLong)
      }
      tags.append(tag)
    }
    return tags
  }

  private static func digest(of content: [UInt8], pushedAs reference: Reference) throws(RegistryError) -> Digest {
    guard case .digest(let named) = reference else { return ContentHasher.digest(.sha256, of: content) }
    let digest = ContentHasher.digest(named.algorithm, of: content)
    guard digest == named else {
      throw RegistryError(.digestInvalid, detail: ["digest": named.description, "content": digest.description])
    }
    return digest
  }

  private static func readBody(_ request: Request) async throws(RegistryError) -> [UInt8] {
    let limit = Manifest.maximumSize
    if let announced = request.contentLength, announced > Int64(limit) { throw tooLarge }
    var content: [UInt8] = []
    content.reserveCapacity(max(0, Int(request.contentLength ?? 0)))
    let buffer = IOBuffer(capacity: 64 << 10)
    while true {
      buffer.removeAll()
      do {
        guard try await request.body.read(into: buffer) > 0 else { break }
      } catch {
        throw RegistryError(body: error)
      }
      guard content.count + buffer.count <= limit else { throw tooLarge }
      buffer.bytes.withUnsafeBytes { content.append(contentsOf: $0) }
    }
    if let announced = request.contentLength, announced != Int64(content.count) {
      throw RegistryError(.sizeInvalid, "the body has not as many bytes as Content-Length says")
    }
    return content
  }

  private static let tooLarge = RegistryError(
    .manifestInvalid, "a manifest may have \(Manifest.maximumSize) bytes at the most", status: .contentTooLarge)
}
