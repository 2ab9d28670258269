/// Removal on object stores, where nothing can be moved aside in one step: a notice announces it, a look for claims
/// decides, and requests wait as long as there is a notice.
///
/// The claim of a content is an object beside it.
struct AnnouncingRemovals: RemovalProtocol {
  private let driver: any StorageDriver
  private let timing: RemovalTiming
  private let watch: RemovalWatch
  private let announcer: RemovalAnnouncer

  init(_ driver: any StorageDriver, _ timing: RemovalTiming) {
    self.driver = driver
    self.timing = timing
    watch = RemovalWatch(driver, timing)
    announcer = RemovalAnnouncer(driver, timing)
  }

  // MARK: Requests

  /// Writes the claim, waits until no notice covers the content, and only then looks whether it exists.
  func claim(
    _ digest: Digest, isComing: Bool, in blobs: BlobStore
  ) async throws(StorageError) -> BlobStore.Claim? {
    for _ in 1...BlobStore.attempts {
      // Asking for what isn't there leaves nothing behind.
      if !isComing, watch.madeClaim(of: digest) == nil, try await blobs.entry(of: digest) == nil { return nil }
      let made: MadeClaim
      do {
        made = try await watch.claim(digest)
      } catch  where error.code == .denied && !isComing {
        // Storage that this process can only read: it can't be claimed, but it is there.
        return try await blobs.entry(of: digest).map { BlobStore.Claim(size: $0.size, modified: $0.modified) }
      }
      if try await awaitDecision(on: StorageLayout.blobData(digest)) {
        // The claim may have come too late, and be gone with the content.
        watch.forget(digest)
        continue
      }
      guard let entry = try await blobs.entry(of: digest) else { return nil }
      watch.saw(digest, made)
      return BlobStore.Claim(size: entry.size, modified: entry.modified, claimed: made.time, isNew: !made.wasSeen)
    }
    throw StorageError(
      .unavailable, "claim \(digest)", cause: "garbage collection keeps announcing its removal: try again")
  }

  func keepClaim(of digest: Digest, in blobs: BlobStore) async throws(StorageError) {
    guard watch.madeClaim(of: digest) == nil else { return }
    guard try await claim(digest, isComing: true, in: blobs) != nil else {
      throw StorageError(.unavailable, "keep \(digest)", cause: "garbage collection has taken it")
    }
  }

  /// - Throws: `.unavailable` where it takes longer than `RemovalTiming.patience`.
  func awaitDecision(on path: StoragePath) async throws(StorageError) -> Bool {
    try await watch.awaitRemoval(of: path)
  }

  func restore(_ path: StoragePath) async throws(StorageError) -> Bool { false }

  // MARK: Removals

  func claimFile(of data: StoragePath) -> StoragePath? { data.parent / StorageLayout.claimName }

  func movedAside(from path: StoragePath) async throws(StorageError) -> StoragePath? { nil }

  var claimAllowance: Duration { timing.claimAllowance }

  var batch: Int { RemovalNotice.capacity }

  /// Reads the storage's time, and removes notices of processes that died.
  func begin(_ run: RemovalRun, isDryRun: Bool) async throws(StorageError) -> RemovalRun.Begin {
    guard !isDryRun else { return RemovalRun.Begin(now: WallClock.now) }
    try await driver.putState(Array(run.name.utf8), at: StorageLayout.removalClock, durability: .powerLoss)
    let now = try await driver.stat(StorageLayout.removalClock).modified
    try await announcer.removeExpired(now: now)
    return RemovalRun.Begin(now: now)
  }

  func announcing<Result>(
    _ paths: [StoragePath], _ body: (RemovalWindow) async throws(StorageError) -> Result
  ) async throws(StorageError) -> Result {
    try await announcer.announcing(paths, body)
  }

  func remove(
    _ path: StoragePath, _ window: RemovalWindow, in run: RemovalRun,
    unless isWanted: (_ place: StoragePath, _ modified: Int64) async throws(StorageError) -> Bool
  ) async throws(StorageError) -> RemovalOutcome {
    guard let modified = try await modified(path), try await !isWanted(path, modified) else { return .kept }
    return try await take(path, window)
  }

  func removeContent(
    _ data: StoragePath, _ window: RemovalWindow, in run: RemovalRun, since cutoff: Int64
  ) async throws(StorageError) -> RemovalOutcome {
    for path in [data, data.parent / StorageLayout.claimName] {
      if let modified = try await modified(path), modified >= cutoff { return .kept }
    }
    return try await take(data.parent, window)
  }

  private func take(_ path: StoragePath, _ window: RemovalWindow) async throws(StorageError) -> RemovalOutcome {
    guard window.isOpen else { return .late }
    return try await window.remove(path, driver) ? .removed : .kept
  }

  /// nil where no file is there.
  private func modified(_ path: StoragePath) async throws(StorageError) -> Int64? {
    do {
      let entry = try await driver.stat(path)
      return entry.isDirectory ? nil : entry.modified
    } catch  where error.code == .notFound || error.code == .wrongKind {
      return nil
    }
  }
}
