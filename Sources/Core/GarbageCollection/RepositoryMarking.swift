/// Marks what one repository wants.
///
/// Its manifests are the roots: all of them, or those that something leads to (`markTagged`). What can't be read
/// keeps what it might refer to, which is at the most what the repository may see.
final class RepositoryMarking {
  let run: CollectionRun
  let repository: StoredRepository
  /// Manifests that are kept, and with them what they refer to.
  var kept = DigestSet()
  /// Those among them that an index or a tag names and that are no manifests as far as can be told: build caches are
  /// layers, and what a tag points to may be gone. They are looked at again where they have a link.
  private var opaque = DigestSet()
  /// What was read of manifests that are visited next.
  private var ahead: [Digest: CollectedStorage.References] = [:]
  /// Manifests that nothing is known to lead to. Used where those are to be removed.
  var untagged = UntaggedManifests()
  /// Whether something can't be read that might refer to anything that the repository has.
  private(set) var keepsEverything = false

  init(_ run: CollectionRun, _ repository: StoredRepository) {
    self.run = run
    self.repository = repository
  }

  /// What leads to a manifest.
  enum Reason {
    /// Its link: it is a manifest, and it is there.
    case link
    /// Something that may be out of date, like a tag.
    case hint
    /// An index.
    case parent
  }

  /// Marks what the repository's manifests refer to: those with a link of their own, those that tags point to, and
  /// those that docker/distribution 2.1.0 linked among the layers.
  func markAll() async throws(StorageError) {
    _ = try await markTagTargets()
    try await markLinked()
  }

  /// As `markAll`, without the tags.
  func markLinked() async throws(StorageError) {
    try await forEachRevision { digest throws(StorageError) in
      self.run.report.manifests.kept += 1
      try await self.keep(digest, .link)
    }
    try await markSchema1AmongLayers()
  }

  /// To be called last: what can't be read keeps everything.
  func finish() async throws(StorageError) {
    if keepsEverything { try await wantLinks(below: repository.layers, nil) }
  }

  func keepEverything(because path: StoragePath, _ why: String) {
    run.report.note(path, "\(why); what it might refer to is kept: all that its repository has")
    keepsEverything = true
  }

  /// Visits the manifests that have a link. One whose link can't be read is kept.
  func forEachRevision(_ visit: (Digest) async throws(StorageError) -> Void) async throws(StorageError) {
    for algorithm in Digest.Algorithm.allCases {
      let directory = repository.revisions / algorithm.rawValue
      try await run.forEachBatch(in: directory, of: readingAhead) { names throws(StorageError) in
        let digests = names.compactMap { Digest(algorithm: algorithm, hex: $0) }
        let paths = digests.map { self.repository.revision($0) / "link" }
        let links = try await self.readAhead(paths)
        defer { self.ahead = [:] }
        for ((digest, path), link) in zip(zip(digests, paths), links) {
          try self.run.step()
          switch link {
          case .absent:
            // Signatures alone, which 2.1.0 left, or a manifest that is being pushed or deleted.
            break
          case .digest(let target):
            try await visit(digest)
            if target != digest { try await self.keep(target, .hint) }
          case .unreadable(let why):
            self.run.report.note(path, "the link \(why): it counts as absent; the manifest is kept")
            try await self.keep(digest, .hint)
          }
        }
      }
    }
  }

  /// How many manifests are read before they are visited: what they refer to is in memory then, and may be megabytes.
  private var readingAhead: Int { run.driver.concurrency }

  /// Reads links, and what the manifests refer to that they lead to and that aren't kept yet.
  private func readAhead(_ paths: [StoragePath]) async throws(StorageError) -> [CollectedStorage.LinkState] {
    let storage = run.storage
    let width = storage.driver.concurrency
    let links = try await SideBySide.map(paths, width: width) { path throws(StorageError) in await storage.link(path) }
    var named = Set<Digest>()
    for case .digest(let target) in links where !kept.contains(DigestKey(target)) { named.insert(target) }
    let targets = Array(named)
    let references = try await SideBySide.map(targets, width: width) { target throws(StorageError) in
      await storage.references(of: target)
    }
    for (target, references) in zip(targets, references) { ahead[target] = references }
    return links
  }

  /// Keeps what tags point to, wherever it is linked.
  /// - Returns: false where a tag can't be read.
  func markTagTargets() async throws(StorageError) -> Bool {
    var areAllKnown = true
    try await run.forEachBatch(in: repository.tags, of: readingAhead) { tags throws(StorageError) in
      let paths = tags.map { self.repository.tags / $0 / "current" / "link" }
      let links = try await self.readAhead(paths)
      defer { self.ahead = [:] }
      for (path, link) in zip(paths, links) {
        try self.run.checkEnd()
        switch link {
        case .absent: break
        case .digest(let target): try await self.keep(target, .hint)
        case .unreadable(let why):
          self.run.report.note(path, "the tag's link \(why): no untagged manifest of its repository is removed")
          areAllKnown = false
        }
      }
    }
    return areAllKnown
  }

  /// What isn't marked yet and begins like JSON is looked at more closely.
  private func markSchema1AmongLayers() async throws(StorageError) {
    try await run.forEachName(in: repository.layers / Digest.Algorithm.sha256.rawValue) { hex throws(StorageError) in
      guard let key = DigestKey(hex, .sha256), !self.run.wanted.contains(key),
        let digest = Digest(algorithm: .sha256, hex: hex)
      else { return }
      try self.run.checkEnd()
      do throws(StorageError) {
        guard try await self.mayBeManifest(digest) else { return }
      } catch {
        return self.keepEverything(because: StorageLayout.blobData(digest), error.description)
      }
      if case .found(let references) = await self.references(of: digest), references.isSchema1 {
        try await self.keep(digest, .hint)
      }
    }
  }

  private func mayBeManifest(_ digest: Digest) async throws(StorageError) -> Bool {
    let reader = try await run.find(StorageLayout.blobData(digest)) { path throws(StorageError) in
      try await self.run.driver.reader(at: path, from: 0)
    }
    guard let reader, (2...Int64(Manifest.maximumSize)).contains(reader.size) else { return false }
    let start = IOBuffer(capacity: 64)
    _ = try await reader.read(into: start)
    return start.bytes.withUnsafeBytes { bytes in
      bytes.first { ![0x20, 0x0A, 0x0D, 0x09].contains($0) } == UInt8(ascii: "{")
    }
  }

  // MARK: - Keeping

  /// Keeps a manifest, and all that it leads to.
  func keep(_ root: Digest, _ reason: Reason) async throws(StorageError) {
    var waiting = [(digest: root, reason: reason)]
    while let (digest, reason) = waiting.popLast() {
      let key = DigestKey(digest)
      guard kept.insert(key) || (reason != .parent && opaque.contains(key)) else { continue }
      try run.checkEnd()
      await want(digest)
      let content = StorageLayout.blobData(digest)
      var references = await references(of: digest)
      if reason == .link, case .absent = references {
        guard let later = try await awaitContent(of: digest) else {
          opaque.insert(key)
          continue
        }
        references = later
      }
      switch references {
      case .found(let references):
        await want(references)
        if references.isSchema1 { try await wantSignatures(of: digest) }
        waiting += references.manifests.map { ($0, .parent) }
      case .absent:
        if reason == .link {
          keepEverything(because: content, "the manifest's content is missing or empty")
        } else {
          opaque.insert(key)
        }
      case .damaged(let why, let references):
        guard reason != .parent else {
          opaque.insert(key)
          break
        }
        keepEverything(because: content, why)
        try await wantSignatures(of: digest)
        if let references { await want(references) }
      case .unreadable(let why):
        keepEverything(because: content, why)
        try await wantSignatures(of: digest)
      }
      waiting += untagged.referrers(of: key).map { (untagged.digests[$0], .link) }
    }
  }

  private func want(_ references: ManifestReferences) async {
    for content in references.contents { await want(content) }
    for child in references.manifests { await want(child) }
  }

  /// Marks a content. The link of one that was pushed by its SHA-512 may say that it is kept under its SHA-256.
  private func want(_ digest: Digest) async {
    guard run.wanted.insert(digest) || digest.algorithm != .sha256 else { return }
    guard digest.algorithm != .sha256 else { return }
    let link = repository.layer(digest) / "link"
    switch await run.link(link) {
    case .absent: break
    case .digest(let content): run.wanted.insert(content)
    case .unreadable(let why): keepEverything(because: link, "the link \(why)")
    }
  }

  /// The signatures that lie beside a manifest of schema 1.
  private func wantSignatures(of digest: Digest) async throws(StorageError) {
    try await wantLinks(below: repository.revision(digest) / "signatures", nil)
  }

  /// Marks what the links below a directory are named after, and what they say, whatever algorithms it knows.
  private func wantLinks(below directory: StoragePath, _ algorithm: Digest.Algorithm?) async throws(StorageError) {
    var waiting = [(directory, algorithm)]
    while let (directory, algorithm) = waiting.popLast() {
      try await run.forEachName(in: directory) { name throws(StorageError) in
        try self.run.checkEnd()
        if name == "link" || name.hasPrefix(StorageLayout.condemnedPrefix) {
          if case .digest(let target) = await self.run.link(directory / name) { self.run.wanted.insert(target) }
          return
        }
        if let algorithm, let key = DigestKey(name, algorithm) { self.run.wanted.insert(key) }
        waiting.append((directory / name, Digest.Algorithm(rawValue: name)))
      }
    }
  }

  /// A push that the collection before this one has overtaken puts the content again in a moment, and a deletion that
  /// is under way takes the link, too.
  /// - Returns: nil where the link is gone.
  private func awaitContent(of digest: Digest) async throws(StorageError) -> CollectedStorage.References? {
    while run.looksLeft > 0 {
      run.looksLeft -= 1
      try run.checkEnd()
      try? await Task.sleep(for: RepositoryMarking.pause)
      if case .absent = await run.link(repository.revision(digest) / "link") { return nil }
      let references = await references(of: digest)
      if case .absent = references { continue }
      return references
    }
    return .absent
  }

  private static let pause = Duration.milliseconds(50)

  // MARK: - Reading

  /// What a content refers to, unless that was read ahead.
  func references(of digest: Digest) async -> CollectedStorage.References {
    if let references = ahead.removeValue(forKey: digest) { return references }
    return await run.storage.references(of: digest)
  }
}
