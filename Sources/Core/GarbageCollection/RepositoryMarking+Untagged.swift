extension RepositoryMarking {
  /// Marks what tags lead to, what is too young, and what says something about either; removes all other manifests.
  func markTagged(_ name: RepositoryName) async throws(StorageError) {
    let areTagsKnown = try await markTagTargets()
    guard areTagsKnown, run.mayRemoveContent else { return try await markLinked() }
    try await forEachRevision { digest throws(StorageError) in
      self.run.report.manifests.kept += 1
      if self.kept.contains(DigestKey(digest)) {
        // As a child that isn't understood, it is looked at again.
        try await self.keep(digest, .link)
      } else {
        await self.weigh(digest)
      }
    }
    untagged.sort()
    await findFresh()
    for node in untagged.fresh { try await keep(untagged.digests[node], .link) }
    for (subject, node) in untagged.withSubject where kept.contains(subject) {
      try await keep(untagged.digests[node], .link)
    }
    try await removeUntagged(ManifestSweep(run.storage, name))
    guard keepsEverything || !run.mayRemoveContent else { return }
    for node in 0..<untagged.count { try await keep(untagged.digests[node], .link) }
  }

  /// One generation after the other, since what turns out to be wanted keeps others that come later; those of one
  /// generation side by side.
  private func removeUntagged(_ sweep: ManifestSweep) async throws(StorageError) {
    let generations = untagged.generations()
    var numbers = [Int](repeating: 0, count: untagged.count)
    for (number, nodes) in generations.enumerated() { for node in nodes { numbers[node] = number } }
    let isKept = { (node: Int) in self.kept.contains(self.untagged.key(node)) }
    try await run.announcing(generations.flatMap { $0 }) { node in
      isKept(node) ? nil : sweep.link(untagged.digests[node])
    } _: { nodes, window throws(StorageError) in
      var rest = nodes[...]
      while let first = rest.first {
        let generation = rest.prefix { numbers[$0] == numbers[first] }
        if keepsEverything || !run.mayRemoveContent { return [] }
        let late = try await remove(generation.filter { !isKept($0) }, sweep, window)
        rest = rest.dropFirst(generation.count)
        guard late.isEmpty else { return late + rest }
      }
      return []
    }
  }

  /// - Returns: those for which there was no time left.
  private func remove(
    _ nodes: [Int], _ sweep: ManifestSweep, _ window: RemovalWindow
  ) async throws(StorageError) -> [Int] {
    let items = nodes.map { (node: $0, digest: untagged.digests[$0]) }
    var late: [Int] = []
    var wanted: [Int] = []
    try await run.forEach(items) { item in
      await sweep.remove(item.digest, window)
    } done: { item, result in
      switch result.outcome {
      case .late: late.append(item.node)
      case .kept: wanted.append(item.node)
      case .removed: isRemoved(sweep.link(item.digest).parent)
      }
      if result.outcome != .late { run.isDone() }
      if let problem = result.problem { run.report.note(problem.path, problem.text) }
    }
    try run.checkEnd()
    for node in wanted { try await keep(untagged.digests[node], .link) }
    return late
  }

  private func isRemoved(_ directory: StoragePath) {
    run.report.manifests.kept -= 1
    run.report.manifests.removed += 1
    run.removing(.manifest, directory)
  }

  private func weigh(_ digest: Digest) async {
    switch await references(of: digest) {
    case .found(let references): untagged.append(digest, references)
    case .absent: untagged.append(digest, nil)
    case .damaged(let why, _), .unreadable(let why):
      keepEverything(because: StorageLayout.blobData(digest), why)
      untagged.append(digest, nil)
    }
  }

  /// Looks which of the untagged manifests were pushed, or claimed, since the cutoff.
  private func findFresh() async {
    let storage = run.storage
    let repository = repository
    // A stretch at a time: a million of answers need not be held at once.
    for start in stride(from: 0, to: untagged.count, by: RepositoryMarking.stretch) {
      let nodes = Array(start..<min(untagged.count, start + RepositoryMarking.stretch))
      let digests = nodes.map { untagged.digests[$0] }
      let answers = try? await SideBySide.map(digests, width: storage.driver.concurrency) {
        digest throws(StorageError) in
        await outcome { () async throws(StorageError) in try await Self.isFresh(digest, storage, repository) }
      }
      for (node, answer) in zip(nodes, answers ?? []) {
        switch answer {
        case .success(let isFresh): if isFresh { untagged.isFresh(node) }
        case .failure(let error):
          keepEverything(because: StorageLayout.blobData(untagged.digests[node]), error.description)
          untagged.isFresh(node)
        }
      }
    }
  }

  private static let stretch = 10_000

  private static func isFresh(
    _ digest: Digest, _ storage: CollectedStorage, _ repository: StoredRepository
  ) async throws(StorageError) -> Bool {
    if let link = try await storage.entry(repository.revision(digest) / "link"), link.modified >= storage.cutoff {
      return true
    }
    let data = StorageLayout.blobData(digest)
    return try await storage.isYoung(storage.entry(data), data)
  }
}
