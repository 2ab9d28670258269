import NIOConcurrencyHelpers

/// The tags of a repository.
struct TagCheck {
  private let run: VerificationRun
  private let repository: Repository
  private let links: LinkCheck
  private var name: RepositoryName { repository.name }

  init(_ run: VerificationRun, _ repository: Repository) {
    self.run = run
    self.repository = repository
    links = LinkCheck(run, below: StorageLayout.repository(repository.name))
  }

  func check() async throws(StorageError) {
    let directory = StorageLayout.tags(name)
    try await run.forEach(run.names(directory)) { text throws(StorageError) in
      guard let tag = Tag(text) else { return run.unexpected(directory / text) }
      try await run.guarded(directory / text) { () async throws(StorageError) in try await check(tag) }
    }
  }

  private func check(_ tag: Tag) async throws(StorageError) {
    let directory = StorageLayout.tag(name, tag)
    let names = try await run.names(directory)
    if names.isEmpty { return try await run.empty(directory, below: StorageLayout.repository(name)) }
    for name in names where name != "current" && name != "index" {
      if directory / name == StorageLayout.tagRemoval(self.name, tag) {
        try await checkRemoval(directory / name)
      } else {
        run.unexpected(directory / name)
      }
    }
    let history = try await checkIndex(directory / "index", names)
    let link = StorageLayout.tagCurrentLink(name, tag)
    run.count(\.links)
    var target = try await run.link(link)
    if target == nil {
      let isTorn = try await run.persists(link) { () async throws(StorageError) in
        target = try await run.link(link)
        return target == nil ? try await isThere(directory) : false
      }
      if isTorn { return try await mend(tag, link, history) }
    }
    if let target { try await checkTarget(tag, target, link) }
  }

  /// What the tag pointed to, according to its history.
  private struct History {
    var count = 0
    var last: Digest?
  }

  private func checkIndex(_ index: StoragePath, _ names: [String]) async throws(StorageError) -> History {
    guard names.contains("index") else { return History() }
    let history = NIOLockedValueBox(History())
    try await run.forEachDigest(in: index) { digest, path throws(StorageError) in
      guard case .names(let target) = try await links.check(digest, in: path) else { return }
      history.withLockedValue { history in
        history.count += 1
        history.last = target
      }
    }
    return history.withLockedValue { $0 }
  }

  /// Repairs an unreadable link of a tag: if the history has only one manifest, the tag points to that.
  private func mend(_ tag: Tag, _ link: StoragePath, _ history: History) async throws(StorageError) {
    if history.count == 1, let only = history.last, try await hasManifest(only) {
      return try await run.found(.tagTorn, link, repair: "made to name \(only), all that the tag ever pointed to") {
        () async throws(StorageError) in
        try await whileNobodySets(tag) { () async throws(StorageError) in
          guard try await run.link(link) == nil else { return }
          try await run.driver.put(Array(only.description.utf8), at: link, durability: .powerLoss)
        }
      }
    }
    if history.count == 0 {
      return try await run.found(.tagTorn, link, "nothing tells what it pointed to", repair: "removed, with the tag") {
        () async throws(StorageError) in
        try await whileNobodySets(tag) { () async throws(StorageError) in
          guard try await run.link(link) == nil else { return }
          _ = try await repository.tags.remove(tag, isLocked: true)
        }
      }
    }
    run.found(
      .tagTorn, link, "it has pointed to \(history.count) manifests that are listed beside it",
      remedy: "tag the right one again, or delete the tag")
  }

  private func checkTarget(_ tag: Tag, _ target: Digest, _ link: StoragePath) async throws(StorageError) {
    if try await !hasManifest(target) {
      let isDangling = try await run.persists(link) { () async throws(StorageError) in
        guard try await run.link(link) == target else { return false }
        return try await !hasManifest(target)
      }
      if isDangling { run.found(.tagDangling, link, "\(target)", remedy: "push the image again, or delete the tag") }
    }
    let index = StorageLayout.tagIndexLink(name, tag, target)
    guard try await !run.isThere(index) else { return }
    let isMissing = try await run.persists(index) { () async throws(StorageError) in
      guard try await !run.isThere(index) else { return false }
      return try await run.link(link) == target
    }
    guard isMissing else { return }
    try await run.found(.tagIndexMissing, link, "\(target)", repair: "added") { () async throws(StorageError) in
      try await Link.ensure(target, at: index, run.blobs)
      // Of a tag that was deleted just now, nothing may come back.
      guard try await run.link(link) == nil else { return }
      try await Link.remove(index, run.driver)
      try await run.driver.prune(index.parent, below: StorageLayout.repository(name))
    }
  }

  /// Runs `body` under the tag's lock: a push that sets the tag meanwhile sets it again afterwards (see
  /// `TagService.remove(_:where:)`).
  private func whileNobodySets(
    _ tag: Tag, _ body: () async throws(StorageError) -> Void
  ) async throws(StorageError) {
    let lock = try await repository.tags.removalLock(tag)
    do {
      try await body()
    } catch {
      try? await lock.cancel()
      throw error
    }
    try await lock.cancel()
  }

  private func checkRemoval(_ lock: StoragePath) async throws(StorageError) {
    let isLeft = try await run.persists(lock) { () async throws(StorageError) in try await run.isThere(lock) }
    guard isLeft else { return }
    try await run.found(.leftover, lock, repair: "removed") { () async throws(StorageError) in
      try await run.driver.writer(at: lock, appending: true).cancel()
    }
  }

  private func hasManifest(_ digest: Digest) async throws(StorageError) -> Bool {
    if try await repository.manifests.exists(digest) { return try await run.blobs.size(of: digest) != nil }
    return try await repository.manifests.schema1AmongLayers(digest) != nil
  }

  private func isThere(_ directory: StoragePath) async throws(StorageError) -> Bool {
    try await !run.driver.names(in: directory).isEmpty
  }
}
