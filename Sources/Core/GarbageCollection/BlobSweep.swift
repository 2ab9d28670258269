/// Removes contents that are neither marked nor young.
final class BlobSweep {
  private let run: CollectionRun
  private let cache: (any BlobDescriptorCache)?
  /// Contents that have to be checked.
  private var waiting: [Content] = []
  /// Removed contents whose cache entries have to be deleted.
  private var gone: [Digest] = []

  /// One content, or what is left of it.
  private struct Content: Sendable {
    let digest: Digest
    let directory: StoragePath
    let isWanted: Bool
    /// nil where it isn't there.
    var size: Int64?
    var data: StoragePath { directory / "data" }
  }

  init(_ run: CollectionRun, _ cache: (any BlobDescriptorCache)?) {
    self.run = run
    self.cache = cache
  }

  func sweep() async throws(StorageError) {
    defer { tell() }
    run.begin(.blobs)
    var directories: [(StoragePath, Digest.Algorithm)] = []
    for algorithm in Digest.Algorithm.allCases {
      let top = StorageLayout.blobs / algorithm.rawValue
      try await run.forEachName(in: top) { name throws(StorageError) in directories.append((top / name, algorithm)) }
    }
    for (index, (directory, algorithm)) in directories.enumerated() {
      run.progress.fraction = Double(index) / Double(directories.count)
      try await run.forEachName(in: directory) { hex throws(StorageError) in
        guard let digest = Digest(algorithm: algorithm, hex: hex) else { return }
        try self.run.step()
        let content = Content(
          digest: digest, directory: directory / hex, isWanted: self.run.wanted.contains(digest))
        // While recovering, look at it, which moves back what a collection that died has moved aside.
        if content.isWanted, !self.run.isRecovering { return self.run.report.blobs.kept += 1 }
        self.waiting.append(content)
        if self.waiting.count >= self.run.batch { try await self.sweepWaiting() }
      }
      if gone.count >= 500 { tell() }
    }
    try await sweepWaiting()
  }

  private func tell() {
    if !run.options.isDryRun { cache?.forget(gone, in: nil) }
    gone = []
  }

  private func sweepWaiting() async throws(StorageError) {
    let contents = waiting
    waiting = []
    let storage = run.storage
    var candidates: [Content] = []
    try await run.forEach(contents) { content in
      await outcome { () async throws(StorageError) in try await Self.judge(content, storage) }
    } done: { content, verdict in
      switch verdict {
      case .success(.nothing): break
      case .success(.kept): run.report.blobs.kept += 1
      case .success(.garbage(let size)):
        var content = content
        content.size = size
        candidates.append(content)
      case .failure(let error): isLeft(content, error)
      }
    }
    guard !run.options.isDryRun else { return candidates.forEach(isRemoved) }
    try await run.removeEach(candidates, path: \.data) { content, window in
      await outcome { () async throws(StorageError) in try await Self.remove(content, window, storage) }
    } done: { content, outcome in
      switch outcome {
      case .success(.removed): isRemoved(content)
      case .success: if content.size != nil { run.report.blobs.kept += 1 }
      case .failure(let error): isLeft(content, error)
      }
    }
  }

  /// What is to become of a content.
  private enum Verdict: Sendable {
    case nothing
    case kept
    /// Bytes; nil where only a claim is there.
    case garbage(Int64?)
  }

  private static func judge(
    _ content: Content, _ storage: CollectedStorage
  ) async throws(StorageError) -> Verdict {
    let entry = try await storage.entry(content.data)
    if content.isWanted { return .kept }
    if let entry {
      return try await storage.isYoung(entry, content.data) ? .kept : .garbage(entry.size)
    }
    guard !storage.isDryRun else { return .nothing }
    if let file = storage.removal.claimFile(of: content.data) {
      guard let claim = try await storage.entry(file) else { return .nothing }
      return claim.modified < storage.cutoff ? .garbage(nil) : .nothing
    }
    try await storage.driver.prune(content.directory, below: StorageLayout.blobs)
    return .nothing
  }

  private static func remove(
    _ content: Content, _ window: RemovalWindow, _ storage: CollectedStorage
  ) async throws(StorageError) -> RemovalOutcome {
    let outcome = try await storage.removeContent(content.data, window)
    if outcome == .removed { try await storage.driver.prune(content.directory, below: StorageLayout.blobs) }
    return outcome
  }

  private func isRemoved(_ content: Content) {
    guard let size = content.size else { return }
    run.report.blobs.removed += 1
    run.removing(.blob, content.directory, size: size)
    gone.append(content.digest)
  }

  private func isLeft(_ content: Content, _ error: StorageError) {
    run.report.note(content.data, "the content can't be looked at or removed: \(error)")
    run.report.blobs.kept += 1
  }
}
