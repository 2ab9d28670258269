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
    for algorithm in Digest.Algorithm.allCases {
      try await run.forEachName(in: repository.layers / algorithm.rawValue) { hex throws(StorageError) in
        guard let digest = Digest(algorithm: algorithm, hex: hex) else { return }
        try self.run.step()
        if await self.sweep(repository.layer(digest), digest) { gone.append(digest) }
      }
    }
    guard !run.options.isDryRun else { return }
    try await ReferrerSweep(run, repository)?.sweep()
    await prune(repository)
  }

  /// - Parameter directory: of one link.
  /// - Returns: whether it was removed.
  private func sweep(_ directory: StoragePath, _ digest: Digest) async -> Bool {
    let link = directory / "link"
    do throws(StorageError) {
      let isWanted = run.wanted.contains(digest)
      if isWanted, !run.isRecovering {
        run.report.links.kept += 1
        return false
      }
      guard try await run.entry(link) != nil else {
        if !run.options.isDryRun { try await run.driver.prune(directory, below: StorageLayout.repositories) }
        return false
      }
      guard !isWanted, try await remove(link, digest) else {
        run.report.links.kept += 1
        return false
      }
      run.report.links.removed += 1
      run.removing(.link, directory)
      return !run.options.isDryRun
    } catch {
      run.report.note(link, "the link can't be looked at or removed: \(error)")
      run.report.links.kept += 1
      return false
    }
  }

  private func isGone(_ content: Digest) async throws(StorageError) -> Bool {
    guard let entry = try await run.entry(StorageLayout.blobData(content)) else { return true }
    // It would be, had the sweep before this one changed anything.
    return run.options.isDryRun && !run.wanted.contains(content) && entry.modified < run.cutoff
  }

  /// - Returns: false where its content is there.
  private func remove(_ link: StoragePath, _ digest: Digest) async throws(StorageError) -> Bool {
    guard try await isGone(digest) else { return false }
    var contents = [digest]
    // A link may say that its content is kept under another digest.
    if case .digest(let other) = await run.link(link), other != digest {
      guard try await isGone(other) else { return false }
      contents.append(other)
    }
    if run.options.isDryRun { return true }
    let isRemoved = try await run.condemn(link) { _ throws(StorageError) in
      // Content that comes from now on comes with a link that is looked for, and found missing or moved aside.
      for content in contents where try await !self.isGone(content) { return true }
      return false
    }
    if isRemoved { try await run.driver.prune(link.parent, below: StorageLayout.repositories) }
    return isRemoved
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
