extension Manifest {
  /// Reads a manifest that a client pushed as `contentType`, and holds it to its form.
  ///
  /// - Throws: `MANIFEST_INVALID`, naming the field.
  public init(_ content: [UInt8], contentType: String?) throws(RegistryError) {
    var declared: MediaType?
    // CGI has an empty one where there is none.
    if let contentType, !contentType.isEmpty {
      declared = MediaType(contentType: contentType)
      guard declared != nil else {
        throw RegistryError(
          .manifestInvalid, "the Content-Type is no media type",
          detail: ["field": "Content-Type", "Content-Type": contentType])
      }
    }
    do throws(JSONError) {
      guard String(validating: content, as: UTF8.self) != nil else { throw JSONError("is not UTF-8") }
      let fields = try ManifestFields(content)
      self = try Manifest(fields, declared: declared)
    } catch {
      throw RegistryError(
        .manifestInvalid, error.field.isEmpty ? "the manifest \(error.message)" : error.description,
        detail: error.field.isEmpty ? [:] : ["field": error.field])
    }
  }

  private init(_ fields: ManifestFields, declared: MediaType?) throws(JSONError) {
    let (mediaType, kind) = try Manifest.type(fields, declared: declared)
    self.init(kind: kind, mediaType: mediaType)
    subject = try fields.read("subject", Descriptor.init(from:))
    artifactType = try fields.read("artifactType") { reader throws(JSONError) in try reader.string() }
    annotations = try fields.read("annotations") { reader throws(JSONError) in try reader.stringMap() } ?? [:]
    switch kind {
    case .image:
      try fields.refuse(["manifests"], as: "an image must not also be an index")
      config = try fields.read("config", Descriptor.init(from:))
      guard config != nil else { throw JSONError("is missing", field: "config") }
      layers = try fields.descriptors("layers") ?? []
    case .index:
      try fields.refuse(["config", "layers"], as: "an index must not also be an image")
      guard fields.names("manifests") else { throw JSONError("is missing", field: "manifests") }
      manifests = try fields.descriptors("manifests") ?? []
    case .artifact:
      try fields.refuse(["config", "layers", "manifests"], as: "an artifact must not also be an image or an index")
      layers = try fields.descriptors("blobs") ?? []
    case .schema1:
      throw JSONError("has schema 1, which is not supported: push with a client that writes schema 2 or OCI manifests")
    }
  }

  /// What the manifest is, as its sender, its `mediaType` and its fields agree on.
  private static func type(
    _ fields: ManifestFields, declared: MediaType?
  ) throws(JSONError) -> (MediaType, ManifestKind) {
    let version = try fields.read("schemaVersion") { reader throws(JSONError) in try reader.integer() }
    // An empty one counts as absent, as it does for clients written in Go.
    let named = try fields.read("mediaType") { reader throws(JSONError) in try reader.string() }
      .flatMap { $0.isEmpty ? nil : MediaType(rawValue: $0) }
    if version == 1 || declared.flatMap(ManifestKind.init) == .schema1 || named.flatMap(ManifestKind.init) == .schema1 {
      return (.dockerSchema1, .schema1)
    }
    if let named, let declared, !named.isSame(as: declared) {
      throw JSONError(
        "is \(named.rawValue), but the Content-Type is \(declared.rawValue)", field: "mediaType")
    }
    let inferred: MediaType = fields.has("manifests") ? .ociIndex : .ociManifest
    guard let mediaType = named ?? declared else {
      try requireVersion2(version)
      return (inferred, fields.has("manifests") ? .index : .image)
    }
    guard mediaType.isWellFormed else { throw JSONError("must be a media type", field: "mediaType") }
    // Later, the type is determined from the content alone, so only types that the content shows may be left out.
    guard named != nil || mediaType == .ociManifest || mediaType == .ociIndex else {
      throw JSONError("is missing, and \(mediaType.rawValue) must have it", field: "mediaType")
    }
    let kind = ManifestKind(mediaType) ?? (fields.has("manifests") ? .index : .image)
    if kind != .artifact { try requireVersion2(version) }
    return (mediaType, kind)
  }

  private static func requireVersion2(_ version: Int64?) throws(JSONError) {
    guard let version else { throw JSONError("is missing", field: "schemaVersion") }
    guard version == 2 else { throw JSONError("must be 2", field: "schemaVersion") }
  }
}
