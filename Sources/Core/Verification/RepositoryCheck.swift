import NIOConcurrencyHelpers

/// All that one repository is made of.
struct RepositoryCheck {
  private let run: VerificationRun
  private let entry: RepositoryTree.Entry

  init(_ run: VerificationRun, _ entry: RepositoryTree.Entry) {
    self.run = run
    self.entry = entry
  }

  /// Looks at links before what refers to them, so that what a repair mends is not reported again.
  func check() async throws(StorageError) {
    run.count(\.repositories)
    let directory = StorageLayout.repository(entry.name)
    let repository = run.registry.repository(entry.name)
    let needed = NeededLayers()
    let layers = LayerCheck(run, repository)
    for part in entry.parts.sorted() {
      switch part {
      case "_layers", "_manifests", "_referrers", "_uploads": break
      default: run.unexpected(directory / part)
      }
    }
    if entry.parts.contains("_layers") {
      try await run.guarded(directory / "_layers") { () async throws(StorageError) in
        try await layers.checkLinks()
      }
    }
    if entry.parts.contains("_manifests") || entry.parts.contains("_layers") {
      try await run.guarded(directory / "_manifests") { () async throws(StorageError) in
        try await RevisionCheck(run, repository, needed).check()
        try await TagCheck(run, repository).check()
      }
    }
    if layers.hasDangling {
      try await run.guarded(directory / "_layers") { () async throws(StorageError) in
        try await layers.checkDangling(except: needed)
      }
    }
    if entry.parts.contains("_referrers") {
      try await run.guarded(directory / "_referrers") { () async throws(StorageError) in
        try await ReferrerCheck(run, repository).checkEntries()
      }
    }
    if entry.parts.contains("_uploads") {
      try await run.guarded(directory / "_uploads") { () async throws(StorageError) in
        try await UploadCheck(run, repository).check()
      }
    }
  }
}

/// Those layers that manifests of a repository name and that are gone. Their links stay: they tell what was there.
final class NeededLayers: Sendable {
  private let state = NIOLockedValueBox((digests: Set<Digest>(), isFull: false))
  private static let limit = 100_000

  func add(_ digest: Digest) {
    state.withLockedValue { state in
      guard state.digests.count < NeededLayers.limit else { return state.isFull = true }
      state.digests.insert(digest)
    }
  }

  /// Whether a manifest may need it.
  func contains(_ digest: Digest) -> Bool {
    state.withLockedValue { $0.isFull || $0.digests.contains(digest) }
  }
}
