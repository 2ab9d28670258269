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
    for node in untagged.fresh { try await keep(untagged.digests[node], .link) }
    for (subject, node) in untagged.withSubject where kept.contains(subject) {
      try await keep(untagged.digests[node], .link)
    }
    try await removeUntagged(ManifestSweep(self, name))
    guard keepsEverything || !run.mayRemoveContent else { return }
    for node in 0..<untagged.count { try await keep(untagged.digests[node], .link) }
  }

  /// One after the other, since what turns out to be wanted keeps others that come later.
  private func removeUntagged(_ sweep: ManifestSweep) async throws(StorageError) {
    try await run.announcing(untagged.keepersFirst()) { node in
      kept.contains(untagged.key(node)) ? nil : sweep.link(untagged.digests[node])
    } _: { nodes, window throws(StorageError) in
      for (index, node) in nodes.enumerated() {
        if keepsEverything || !run.mayRemoveContent { return [] }
        guard !kept.contains(untagged.key(node)) else { continue }
        try run.step()
        guard try await sweep.remove(untagged.digests[node], window) else { return Array(nodes[index...]) }
      }
      return []
    }
  }

  private func weigh(_ digest: Digest) async {
    let content = StorageLayout.blobData(digest)
    switch await references(of: digest) {
    case .found(let references): untagged.append(digest, references, isFresh: await isFresh(digest))
    case .absent: untagged.append(digest, nil, isFresh: await isFresh(digest))
    case .damaged(let why, _), .unreadable(let why):
      keepEverything(because: content, why)
      untagged.append(digest, nil, isFresh: true)
    }
  }

  /// Whether the manifest was pushed, or claimed, since the cutoff.
  private func isFresh(_ digest: Digest) async -> Bool {
    let content = StorageLayout.blobData(digest)
    do throws(StorageError) {
      if let link = try await run.entry(repository.revision(digest) / "link"), link.modified >= run.cutoff {
        return true
      }
      return try await run.storage.isYoung(run.entry(content), claim: StorageLayout.blobClaim(digest))
    } catch {
      keepEverything(because: content, error.description)
      return true
    }
  }
}
