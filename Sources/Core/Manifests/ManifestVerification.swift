/// Checks that what a manifest names is there (`validation`), and keeps garbage collection from taking it.
///
/// Each content is looked up once however often it is named, a link read and a stat, so that an image of 100 layers
/// costs well under a millisecond on a file system; they are looked up side by side where the storage is another
/// machine's; and a cache is asked about all of them at once. What it remembers is looked for in the storage, as cheaply
/// as that can be (``RememberedBlobs``).
struct ManifestVerification {
  private let repository: Repository
  private let validation: Configuration.Validation

  init(_ repository: Repository, _ validation: Configuration.Validation) {
    self.repository = repository
    self.validation = validation
  }

  /// - Throws: `MANIFEST_INVALID` for a size that is not the content's or a URL that is not allowed;
  ///   `MANIFEST_BLOB_UNKNOWN`, an entry for each, for what is not in the repository.
  /// - Parameter isAgain: whether all was found in the storage a moment ago, and only garbage collection may have taken
  ///   something since: what a cache remembers is enough then.
  func check(_ manifest: Manifest, isAgain: Bool = false) async throws(RegistryError) {
    guard !validation.disabled else { return }
    try checkURLs(manifest)
    var findings = Findings()
    let blobs = manifest.blobsToVerify
    try await look(for: blobs, &findings) { digests throws(StorageError) in
      try await repository.blobs.claim(digests, isBinding: !isAgain).map { $0?.size }
    }
    let children = manifest.manifests.enumerated().filter { validation.mustExist($0.element) }
      .map { (field: "manifests[\($0.offset)]", descriptor: $0.element) }
    try await look(for: children, &findings) { digests throws(StorageError) in
      try await repository.manifests.claimChildren(digests, isBinding: !isAgain)
    }
    if let error = findings.error { throw error }
  }

  private func checkURLs(_ manifest: Manifest) throws(RegistryError) {
    guard manifest.layers.contains(where: { !$0.urls.isEmpty }) else { return }
    let policy = URLPolicy(validation)
    for (index, layer) in manifest.layers.enumerated() {
      guard let url = layer.urls.first(where: { !policy.permits($0) }) else { continue }
      throw RegistryError(
        .manifestInvalid, "layers[\(index)].urls: this URL is not allowed by validation.manifests.urls",
        detail: ["field": "layers[\(index)].urls", "url": url])
    }
  }

  /// Looks for all that isn't known yet, at once.
  private func look(
    for named: [(field: String, descriptor: Descriptor)], _ findings: inout Findings,
    sizes: ([Digest]) async throws(StorageError) -> [Int64?]
  ) async throws(RegistryError) {
    var digests: [Digest] = []
    for (_, descriptor) in named where findings.sizes[descriptor.digest] == nil {
      findings.sizes[descriptor.digest] = .some(nil)
      digests.append(descriptor.digest)
    }
    let found = try await RegistryError.fromStorage { () async throws(StorageError) in try await sizes(digests) }
    for (digest, size) in zip(digests, found) { findings.sizes[digest] = .some(size) }
    for (field, descriptor) in named { findings.compare(descriptor, field) }
  }

  /// What has been found so far.
  private struct Findings {
    /// The sizes of what was looked up; nil for what is not there.
    var sizes: [Digest: Int64?] = [:]
    private var missing: [RegistryError.Entry] = []
    private var reported: Set<Digest> = []
    private var mismatch: RegistryError?

    mutating func compare(_ descriptor: Descriptor, _ field: String) {
      guard let size = sizes[descriptor.digest] ?? nil else {
        guard reported.insert(descriptor.digest).inserted else { return }
        missing.append(
          RegistryError.Entry(.manifestBlobUnknown, detail: ["digest": descriptor.digest.description, "field": field]))
        return
      }
      if size != descriptor.size, mismatch == nil {
        mismatch = RegistryError(
          .manifestInvalid, "\(field).size: is \(descriptor.size), but the content has \(size) bytes",
          detail: ["digest": descriptor.digest.description, "field": "\(field).size"])
      }
    }

    var error: RegistryError? {
      guard let first = missing.first else { return mismatch }
      return RegistryError(first, Array(missing.dropFirst()))
    }
  }
}

extension Manifest {
  /// The blobs that must be there, and how the manifest names them. Layers with URLs may be elsewhere.
  fileprivate var blobsToVerify: [(field: String, descriptor: Descriptor)] {
    let layersField = kind == .artifact ? "blobs" : "layers"
    return (config.map { [("config", $0)] } ?? [])
      + layers.enumerated().filter { $0.element.urls.isEmpty }.map { ("\(layersField)[\($0.offset)]", $0.element) }
  }
}

extension Configuration.Validation {
  /// Whether an index's child must be in the repository (`validation.manifests.indexes`).
  func mustExist(_ child: Descriptor) -> Bool {
    switch platforms {
    case .all: true
    case .none: false
    case .list:
      platformList.contains {
        $0.architecture == child.platform?.architecture && $0.os == child.platform?.os
      }
    }
  }
}
