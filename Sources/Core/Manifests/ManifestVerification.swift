/// Checks that what a manifest names is there (`validation`), and keeps garbage collection from taking it.
///
/// Each content is looked up once however often it is named, a link read and a stat, so that an image of 100 layers
/// costs well under a millisecond on a file system; they are looked up side by side where the storage is another
/// machine's; and a cache is asked about all of them at once. What it remembers is looked for in the storage, as
/// cheaply as that can be (``RememberedBlobs``).
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
    if validation.sizes == .strict { try checkSizes(manifest) }
    var findings = Findings(sizesCount: validation.sizes == .strict)
    // Layers with URLs may be elsewhere.
    let blobs = [manifest.configList, manifest.layerList]
    try await look(for: blobs, where: { !$0.isList || $1.urls.isEmpty }, &findings) { digests throws(StorageError) in
      try await repository.blobs.claim(digests, isBinding: !isAgain).map { $0?.size }
    }
    let children = [manifest.childList]
    try await look(for: children, where: { validation.mustExist($1) }, &findings) { digests throws(StorageError) in
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

  /// Refuses sizes that no content can have, and those that the content contradicts which the manifest holds itself.
  private func checkSizes(_ manifest: Manifest) throws(RegistryError) {
    for list in [manifest.configList, manifest.layerList, manifest.childList, manifest.subjectList] {
      for (index, descriptor) in list.descriptors.enumerated() {
        guard let size = descriptor.size else { continue }
        guard size >= 0 else {
          let field = "\(list.field(index)).size"
          throw RegistryError(.manifestInvalid, "\(field): must not be negative", detail: ["field": field])
        }
        if let dataSize = descriptor.dataSize, dataSize != size {
          let field = "\(list.field(index)).data"
          throw RegistryError(
            .manifestInvalid, "\(field): holds \(dataSize) bytes, but size is \(size)", detail: ["field": field])
        }
      }
    }
  }

  /// Looks for all that isn't known yet, at once.
  private func look(
    for lists: [DescriptorList], where mustExist: (DescriptorList, Descriptor) -> Bool, _ findings: inout Findings,
    sizes: ([Digest]) async throws(StorageError) -> [Int64?]
  ) async throws(RegistryError) {
    var digests: [Digest] = []
    for list in lists {
      for descriptor in list.descriptors where mustExist(list, descriptor) {
        guard findings.sizes[descriptor.digest] == nil else { continue }
        findings.sizes[descriptor.digest] = .some(nil)
        digests.append(descriptor.digest)
      }
    }
    let found = try await RegistryError.fromStorage { () async throws(StorageError) in try await sizes(digests) }
    for (digest, size) in zip(digests, found) { findings.sizes[digest] = .some(size) }
    for list in lists {
      for (index, descriptor) in list.descriptors.enumerated() where mustExist(list, descriptor) {
        findings.compare(descriptor, list, index)
      }
    }
  }

  /// What has been found so far.
  private struct Findings {
    /// Whether a size that is not the content's is an error.
    let sizesCount: Bool
    /// The sizes of what was looked up; nil for what is not there.
    var sizes: [Digest: Int64?] = [:]
    private var missing: [RegistryError.Entry] = []
    private var reported: Set<Digest> = []
    private var mismatch: RegistryError?

    init(sizesCount: Bool) {
      self.sizesCount = sizesCount
    }

    mutating func compare(_ descriptor: Descriptor, _ list: DescriptorList, _ index: Int) {
      let digest = descriptor.digest
      guard let size = sizes[digest] ?? nil else {
        guard reported.insert(digest).inserted, missing.count < RegistryError.maximumEntries else { return }
        missing.append(
          RegistryError.Entry(
            .manifestBlobUnknown, detail: ["digest": digest.description, "field": list.field(index)]))
        return
      }
      if sizesCount, mismatch == nil, let expected = descriptor.size, size != expected {
        let field = "\(list.field(index)).size"
        mismatch = RegistryError(
          .manifestInvalid, "\(field): is \(expected), but the content has \(size) bytes",
          detail: ["digest": digest.description, "field": field])
      }
    }

    var error: RegistryError? {
      guard let first = missing.first else { return mismatch }
      return RegistryError(first, Array(missing.dropFirst()), omitted: reported.count - missing.count)
    }
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
