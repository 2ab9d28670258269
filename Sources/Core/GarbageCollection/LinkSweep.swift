/// Removes links to contents that are gone, and directories that are empty, in all repositories.
struct LinkSweep {
  private let run: CollectionRun
  private let cache: (any BlobDescriptorCache)?

  init(_ run: CollectionRun, _ cache: (any BlobDescriptorCache)?) {
    self.run = run
    self.cache = cache
  }

  func sweep() async throws(StorageError) {
    run.begin(.links)
    try await StoredRepository.visitAll(run.driver, failed: unlistable) { repository throws(StorageError) in
      // Marking has counted them.
      run.progress.fraction = Double(run.progress.repositories) / Double(max(1, run.report.repositories))
      run.progress.repositories += 1
      try await sweep(repository)
    }
  }

  private func unlistable(_ directory: StoragePath, _ error: StorageError) {
    run.report.note(directory, "\(error); its links are left")
  }

  private func sweep(_ repository: StoredRepository) async throws(StorageError) {
    var gone: [Digest] = []
    defer { if let name = repository.name { cache?.forget(gone, in: name) } }
    var waiting: [Item] = []
    for algorithm in Digest.Algorithm.allCases {
      try await run.forEachName(in: repository.layers / algorithm.rawValue) { hex throws(StorageError) in
        guard let digest = Digest(algorithm: algorithm, hex: hex) else { return }
        try self.run.step()
        let isWanted = self.run.wanted.contains(digest)
        if isWanted, !self.run.isRecovering { return self.run.report.links.kept += 1 }
        waiting.append(Item(digest: digest, directory: repository.layer(digest), isWanted: isWanted))
        guard waiting.count >= self.run.batch else { return }
        gone += try await self.sweep(waiting)
        waiting = []
      }
    }
    gone += try await sweep(waiting)
    guard !run.options.isDryRun else { return }
    try await ReferrerSweep(run, repository)?.sweep()
    await prune(repository)
  }

  /// - Returns: what was removed.
  private func sweep(_ items: [Item]) async throws(StorageError) -> [Digest] {
    let look = Look(storage: run.storage, wanted: run.wanted)
    var candidates: [Item] = []
    var gone: [Digest] = []
    try await run.forEach(items) { item in
      await outcome { () async throws(StorageError) in try await look.judge(item) }
    } done: { item, verdict in
      switch verdict {
      case .success(nil): break
      case .success(let contents?) where contents.isEmpty: run.report.links.kept += 1
      case .success(let contents?):
        var item = item
        item.contents = contents
        candidates.append(item)
      case .failure(let error): isLeft(item, error)
      }
    }
    guard !run.options.isDryRun else {
      candidates.forEach(isRemoved)
      return []
    }
    try await run.removeEach(candidates, path: \.link) { item, window in
      await outcome { () async throws(StorageError) in try await look.remove(item, window) }
    } done: { item, outcome in
      switch outcome {
      case .success(.removed):
        isRemoved(item)
        gone.append(item.digest)
      case .success: run.report.links.kept += 1
      case .failure(let error): isLeft(item, error)
      }
    }
    return gone
  }

  private func isRemoved(_ item: Item) {
    run.report.links.removed += 1
    run.removing(.link, item.directory)
  }

  private func isLeft(_ item: Item, _ error: StorageError) {
    run.report.note(item.link, "the link can't be looked at or removed: \(error)")
    run.report.links.kept += 1
  }

  /// A link.
  private struct Item: Sendable {
    let digest: Digest
    let directory: StoragePath
    let isWanted: Bool
    /// What it may lead to.
    var contents: [Digest] = []
    var link: StoragePath { directory / "link" }
  }

  /// What may be done side by side.
  private struct Look: Sendable {
    let storage: CollectedStorage
    let wanted: DigestSet

    /// - Returns: the contents that the link may lead to, which are gone; none where it stays; nil where there is none.
    func judge(_ item: Item) async throws(StorageError) -> [Digest]? {
      guard try await storage.entry(item.link) != nil else {
        if !storage.isDryRun { try await storage.driver.prune(item.directory, below: StorageLayout.repositories) }
        return nil
      }
      guard !item.isWanted, try await isGone(item.digest) else { return [] }
      // A link may say that its content is kept under another digest.
      if case .digest(let other) = await storage.link(item.link), other != item.digest {
        return try await isGone(other) ? [item.digest, other] : []
      }
      return [item.digest]
    }

    func remove(_ item: Item, _ window: RemovalWindow) async throws(StorageError) -> RemovalOutcome {
      let outcome = try await storage.remove(item.link, window) { _ throws(StorageError) in
        // Content that comes from now on comes with a link that is looked for, and found missing or moved aside.
        for content in item.contents where try await !isGone(content) { return true }
        return false
      }
      if outcome == .removed { try await storage.driver.prune(item.directory, below: StorageLayout.repositories) }
      return outcome
    }

    private func isGone(_ content: Digest) async throws(StorageError) -> Bool {
      let data = StorageLayout.blobData(content)
      guard let entry = try await storage.entry(data) else { return true }
      // It would be, had the sweep before this one changed anything.
      guard storage.isDryRun, !wanted.contains(content) else { return false }
      return try await !storage.isYoung(entry, data)
    }
  }

  /// A repository that has nothing any more does not stay. As long as it has blobs, an empty `_manifests` does.
  private func prune(_ repository: StoredRepository) async {
    do throws(StorageError) {
      for algorithm in Digest.Algorithm.allCases {
        let name = algorithm.rawValue
        try await run.driver.prune(repository.layers / name, below: repository.directory)
        try await run.driver.prune(repository.revisions / name, below: repository.manifests)
      }
      for directory in [repository.layers, repository.revisions] where try await run.driver.isThere(directory) {
        return
      }
      for name in ["_manifests/tags", "_manifests", "_uploads", "_referrers"] {
        try await run.driver.prune(repository.directory / name, below: StorageLayout.repositories)
      }
    } catch {
      run.report.note(repository.directory, "empty directories can't be removed: \(error)")
    }
  }
}
