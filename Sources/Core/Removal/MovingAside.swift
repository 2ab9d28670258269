/// Removal on file systems: a rename moves the file aside, a look at the file decides, then it is removed or moved back.
/// A request that misses the file moves it back, too.
///
/// The claim of a content is its modification time.
struct MovingAside: RemovalProtocol {
  private let driver: any StorageDriver

  init(_ driver: any StorageDriver) {
    self.driver = driver
  }

  // MARK: Requests

  /// Nanoseconds for which a claim is not written again, so that frequent requests for one content write nothing.
  private static let claimInterval: Int64 = 250_000_000

  func claim(
    _ digest: Digest, isComing: Bool, in blobs: BlobStore
  ) async throws(StorageError) -> BlobStore.Claim? {
    for _ in 1...BlobStore.attempts {
      let now = WallClock.now
      guard let entry = try await blobs.entry(of: digest) else { return nil }
      var claim = BlobStore.Claim(size: entry.size, modified: entry.modified, claimed: now)
      if entry.modified > now - Self.claimInterval { return claim }
      do {
        try await driver.touch(StorageLayout.blobData(digest))
        return claim
      } catch  where error.code == .notFound {
        // It was moved aside in between.
      } catch  where error.code == .denied {
        // Storage that this process can only read, or another user's files: it can't be claimed, but it is there.
        claim.claimed = nil
        return claim
      }
    }
    throw StorageError(.unavailable, "find \(digest)", cause: "it comes and goes")
  }

  /// Nothing: what was put has a new modification time.
  func keepClaim(of digest: Digest, in blobs: BlobStore) async throws(StorageError) {}

  /// At once: a request that misses the file moves it back.
  func awaitDecision(on path: StoragePath) async throws(StorageError) -> Bool { false }

  func restore(_ path: StoragePath) async throws(StorageError) -> Bool {
    do {
      var isBack = false
      for name in try await driver.list(path.parent) {
        if name == path.lastComponent { isBack = true }
        guard name.hasPrefix(StorageLayout.condemnedPrefix), let aside = path.parent.appending(name) else { continue }
        isBack = true
        try await moveBack(aside, to: path)
      }
      return isBack
    } catch  where error.code == .notFound || error.code == .wrongKind || error.code == .irregular {
      return false
    }
  }

  // MARK: Removals

  func claimFile(of data: StoragePath) -> StoragePath? { nil }

  func movedAside(from path: StoragePath) async throws(StorageError) -> StoragePath? {
    let names = try await driver.list(path.parent)
    return names.first { $0.hasPrefix(StorageLayout.condemnedPrefix) }.map { path.parent / $0 }
  }

  var claimAllowance: Duration { .nanoseconds(Self.claimInterval) }

  var batch: Int { 1 }

  /// Writes a note that files may be moved aside.
  func begin(_ run: RemovalRun, isDryRun: Bool) async throws(StorageError) -> RemovalRun.Begin {
    var begin = RemovalRun.Begin(now: WallClock.now)
    do {
      begin.isRecovering = try await driver.isThere(StorageLayout.collection)
    } catch  where error.code == .irregular {
      begin.isRecovering = true
    }
    guard !isDryRun else { return begin }
    try await driver.putState(Array(run.name.utf8), at: StorageLayout.collection, durability: .powerLoss)
    begin.now = try await driver.stat(StorageLayout.collection).modified
    return begin
  }

  func announcing<Result>(
    _ paths: [StoragePath], _ body: (RemovalWindow) async throws(StorageError) -> Result
  ) async throws(StorageError) -> Result {
    try await body(RemovalWindow())
  }

  /// A loss of power may bring the file back.
  func remove(
    _ path: StoragePath, _ window: RemovalWindow, in run: RemovalRun,
    unless isWanted: (_ place: StoragePath, _ modified: Int64) async throws(StorageError) -> Bool
  ) async throws(StorageError) -> RemovalOutcome {
    let aside = StorageLayout.condemned(path, by: run.name)
    do {
      try await driver.move(path, to: aside, durability: .process)
    } catch  where error.code == .notFound {
      return .kept
    }
    let failure: StorageError?
    do throws(StorageError) {
      guard let modified = try await modified(aside) else { return .kept }
      if try await !isWanted(aside, modified) { return try await delete(aside) ? .removed : .kept }
      failure = nil
    } catch {
      failure = error
    }
    do throws(StorageError) {
      try await moveBack(aside, to: path)
    } catch {
      run.leavesAside()
      throw error
    }
    if let failure { throw failure }
    return .kept
  }

  func removeContent(
    _ data: StoragePath, _ window: RemovalWindow, in run: RemovalRun, since cutoff: Int64
  ) async throws(StorageError) -> RemovalOutcome {
    try await remove(data, window, in: run) { _, modified in modified >= cutoff }
  }

  /// nil where a request has moved it back.
  private func modified(_ aside: StoragePath) async throws(StorageError) -> Int64? {
    do {
      return try await driver.stat(aside).modified
    } catch  where error.code == .notFound {
      return nil
    }
  }

  /// - Returns: false where a request has moved it back.
  private func delete(_ aside: StoragePath) async throws(StorageError) -> Bool {
    do {
      try await driver.delete(aside, durability: .process)
      return true
    } catch  where error.code == .notFound {
      return false
    }
  }

  /// If it isn't there, another process has moved it back, or removed it.
  private func moveBack(_ aside: StoragePath, to path: StoragePath) async throws(StorageError) {
    do {
      try await driver.move(aside, to: path, durability: .process)
    } catch  where error.code == .notFound {
    }
  }
}
