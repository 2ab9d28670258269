/// The referrers of a repository's manifests (distribution spec, "Listing Referrers").
///
/// Each referrer is a file of its own below its subject's directory, so that concurrent pushes never write the same
/// file. A file repeats what the manifest contains: if it is torn, the manifest is read instead.
struct ReferrerService: Sendable {
  let repository: Repository

  private var driver: any StorageDriver { repository.driver }
  private var unreadable: UnreadableFiles { repository.registry.unreadable }
  /// See ``StorageDriver/concurrency``.
  var concurrency: Int { driver.concurrency }

  /// Adds a referrer to its subject's list, durably, whether the subject exists or not. Garbage collection keeps it if
  /// the referrer's own link was visible before.
  func add(_ referrer: Descriptor, to subject: Digest) async throws(StorageError) {
    let path = StorageLayout.referrer(repository.name, subject: subject, referrer.digest)
    let entry = ReferrerEntry(referrer)
    _ = try await repository.registry.blobs.removal.awaitDecision(on: path)
    do {
      if try await stored(path) == entry.json { return }
    } catch  where error.mayBeOfOneFile {
      // What can't be read is written again.
    }
    try await driver.put(entry.json, at: path, durability: .selfChecking)
  }

  /// Removes a referrer from its subject's list, durably.
  func remove(_ referrer: Digest, from subject: Digest) async throws(StorageError) {
    let path = StorageLayout.referrer(repository.name, subject: subject, referrer)
    guard try await Link.remove(path, driver) else { return }
    await EmptyDirectories.remove(from: path.parent, of: repository.name, driver)
  }

  /// The entries of referrers, several read at a time; nil where the repository lacks it, it has another subject, or
  /// can't be read.
  func entries(_ referrers: [Digest], of subject: Digest) async throws(StorageError) -> [ReferrerEntry?] {
    let found = try await unreadable.map(
      referrers, path: { StorageLayout.revisionLink(repository.name, $0) }
    ) { referrer throws(StorageError) in try await entry(referrer, of: subject) }
    return found.map { $0.flatMap { $0 } }
  }

  /// The entry of one referrer; nil where the repository lacks it, or it has another subject.
  private func entry(_ referrer: Digest, of subject: Digest) async throws(StorageError) -> ReferrerEntry? {
    guard try await repository.manifests.exists(referrer) else { return nil }
    let path = StorageLayout.referrer(repository.name, subject: subject, referrer)
    let file = try await unreadable.optional(path) { () async throws(StorageError) in try await stored(path) }
    if let content = file, let entry = ReferrerEntry(json: content, digest: referrer) {
      return entry
    }
    guard let content = try await repository.manifests.content(of: referrer),
      let manifest = try? Manifest(content, contentType: nil), manifest.subject?.digest == subject
    else { return nil }
    return ReferrerEntry(manifest.referrerDescriptor(digest: referrer, size: content.count))
  }

  /// The digests of all possible referrers of `subject`, in byte order: those in the subject's list, and those in the
  /// index that clients of a registry without this API keep under a tag ("Referrers Tag Schema").
  func candidates(of subject: Digest) async throws(StorageError) -> [Digest] {
    var digests = Set<Digest>()
    do {
      for name in try await driver.list(StorageLayout.referrers(repository.name, subject)) {
        if let digest = Digest(referrerFile: name) { digests.insert(digest) }
      }
    } catch  where error.code == .notFound || error.code == .wrongKind {
      // Nothing has been filed.
    }
    if let tag = Tag("\(subject.algorithm.rawValue)-\(subject.hex.prefix(64))") {
      let link = StorageLayout.tagCurrentLink(repository.name, tag)
      let index = try await unreadable.optional(link) { () async throws(StorageError) in
        try await fallbackIndex(under: tag)
      }
      if let index { digests.formUnion(index.manifests.lazy.map(\.digest)) }
    }
    return digests.sorted { $0.description.utf8.lexicographicallyPrecedes($1.description.utf8) }
  }

  private func fallbackIndex(under tag: Tag) async throws(StorageError) -> Manifest? {
    guard let target = try await repository.tags.target(of: tag),
      let content = try await repository.manifests.content(of: target)
    else { return nil }
    return try? Manifest(content, contentType: nil)
  }

  private func stored(_ path: StoragePath) async throws(StorageError) -> [UInt8]? {
    do {
      return try await driver.content(at: path, limit: ReferrerEntry.maximumSize)
    } catch  where error.code == .notFound || error.code == .tooLarge {
      return nil
    }
  }
}

extension Repository {
  /// The referrers.
  var referrers: ReferrerService { ReferrerService(repository: self) }
}

extension Digest {
  /// From the name of a referrer's file.
  init?(referrerFile name: String) {
    guard let dash = name.firstIndex(of: "-"), let algorithm = Algorithm(rawValue: String(name[..<dash])) else {
      return nil
    }
    self.init(algorithm: algorithm, hex: name[name.index(after: dash)...])
  }
}
