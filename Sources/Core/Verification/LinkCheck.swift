/// Checks links whose path names their digest.
struct LinkCheck {
  private let run: VerificationRun
  /// The repository's directory.
  private let top: StoragePath

  /// - Parameter top: the directory of the repository whose links they are.
  init(_ run: VerificationRun, below top: StoragePath) {
    self.run = run
    self.top = top
  }

  /// The state of a link after the check and repair.
  enum Outcome {
    /// It names this digest.
    case names(Digest)
    /// It can't be read, and is not mended.
    case torn
    /// There is none.
    case absent
  }

  /// Looks at the link in a directory of its own.
  /// - Parameters:
  ///   - others: names that may stand beside it.
  ///   - mayNameAnother: whether the link may hold a digest of another algorithm, which keeps the content.
  func check(
    _ digest: Digest, in directory: StoragePath, others: Set<String> = [], mayNameAnother: Bool = false
  ) async throws(StorageError) -> Outcome {
    let link = directory / "link"
    let names = try await run.names(directory)
    guard !names.isEmpty else {
      try await run.empty(directory, below: top)
      return .absent
    }
    for name in names where name != "link" && !others.contains(name) {
      guard name.hasPrefix(StorageLayout.condemnedPrefix) else {
        run.unexpected(directory / name)
        continue
      }
      try await rescue(directory / name, link)
    }
    guard names.contains("link") || options.repair else { return .absent }
    guard try await run.isThere(link) else { return try await misplaced(link, digest) }
    run.count(\.links)
    guard let target = try await run.link(link) else { return try await torn(link, digest) }
    guard target != digest, !(mayNameAnother && target.algorithm != digest.algorithm) else { return .names(target) }
    var second: Digest? = target
    let isWrong = try await run.persists(link) { () async throws(StorageError) in
      second = try await run.link(link)
      return second != nil && second != digest
    }
    guard isWrong, let second else { return .names(digest) }
    try await run.found(.linkMismatch, link, "it holds \(second)", repair: "made to name \(digest)") {
      () async throws(StorageError) in try await rewrite(link, digest)
    }
    return options.repair ? .names(digest) : .torn
  }

  /// No link is there, but perhaps a directory in its place.
  private func misplaced(_ link: StoragePath, _ digest: Digest) async throws(StorageError) -> Outcome {
    guard try await run.driver.isThere(link) else { return .absent }
    try await run.found(.linkTorn, link, "a directory is in its place", repair: "made to name \(digest)") {
      () async throws(StorageError) in
      // Only one that is empty goes.
      try await run.driver.prune(link, below: link.parent)
      try await rewrite(link, digest)
    }
    return .torn
  }

  private var options: Verifier.Options { run.options }

  private func torn(_ link: StoragePath, _ digest: Digest) async throws(StorageError) -> Outcome {
    let isTorn = try await run.persists(link) { () async throws(StorageError) in
      guard try await run.isThere(link) else { return false }
      return try await run.link(link) == nil
    }
    guard isTorn else {
      return try await run.link(link).map { .names($0) } ?? .absent
    }
    guard try await run.blobs.size(of: digest) != nil else {
      // A link to nothing, of which nothing can be read.
      try await run.found(.linkTorn, link, "and the content is gone", repair: "removed") {
        () async throws(StorageError) in try await take(link, of: digest) { $0 == nil }
      }
      return options.repair ? .absent : .torn
    }
    try await run.found(.linkTorn, link, repair: "made to name \(digest), as its place says") {
      () async throws(StorageError) in try await rewrite(link, digest)
    }
    return options.repair ? .names(digest) : .torn
  }

  private func rescue(_ aside: StoragePath, _ link: StoragePath) async throws(StorageError) {
    let isLeft = try await run.persists(aside) { () async throws(StorageError) in try await run.isThere(aside) }
    guard isLeft else { return }
    try await run.found(.condemned, aside, repair: "moved back") { () async throws(StorageError) in
      if try await run.link(link) != nil {
        try await run.driver.delete(aside, durability: .process)
      } else {
        try await run.driver.move(aside, to: link, durability: .powerLoss)
      }
    }
  }

  private func rewrite(_ link: StoragePath, _ digest: Digest) async throws(StorageError) {
    try await run.driver.put(Array(digest.description.utf8), at: link, durability: .powerLoss)
  }

  /// Removes a link, and the directories that are empty without it. A request may write the link or its content at the
  /// same time, so the link is checked again when no later claim can be missed.
  /// - Parameters:
  ///   - digest: the digest in the link's path.
  ///   - isUseless: gets the digest that the link holds; nil: it can't be read.
  func take(
    _ link: StoragePath, of digest: Digest, where isUseless: (Digest?) async throws(StorageError) -> Bool
  ) async throws(StorageError) {
    let target = try await run.link(link)
    // It may be a manifest's.
    try await run.driver.removingManifests(from: top) { () async throws(StorageError) in
      try await run.remove(link, wantedBy: [digest] + (target.map { [$0] } ?? [])) { place throws(StorageError) in
        let held = try await run.link(place)
        guard held == target else { return false }
        return try await isUseless(held)
      }
      try await run.blobs.invalidation.voidAllSoon()
    }
    try await run.driver.prune(link.parent, below: top)
  }
}
