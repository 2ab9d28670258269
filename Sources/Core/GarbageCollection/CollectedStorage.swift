/// The storage during a collection: reads and removals that several of its tasks may carry out at the same time.
final class CollectedStorage: Sendable {
  let driver: any StorageDriver
  let removal: any RemovalProtocol
  let run: RemovalRun
  let isDryRun: Bool
  /// Contents that were modified since then (nanoseconds since 1970) are kept.
  let cutoff: Int64

  init(_ blobs: BlobStore, _ run: RemovalRun, isDryRun: Bool, cutoff: Int64) {
    driver = blobs.driver
    removal = blobs.removal
    self.run = run
    self.isDryRun = isDryRun
    self.cutoff = cutoff
  }

  // MARK: - Looking

  /// Reads the file at `path`, or the one that a collection that died has moved aside from there; nil where there is
  /// neither.
  func find<Value>(
    _ path: StoragePath, _ look: (StoragePath) async throws(StorageError) -> Value
  ) async throws(StorageError) -> Value? {
    do {
      return try await look(path)
    } catch  where error.code == .notFound || error.code == .wrongKind {
    }
    do {
      if isDryRun {
        guard let aside = try await removal.movedAside(from: path) else { return nil }
        return try await look(aside)
      }
      guard try await removal.restore(path) else { return nil }
      return try await look(path)
    } catch  where error.code == .notFound || error.code == .wrongKind {
      return nil
    }
  }

  /// The status of a file; nil where there is none.
  func entry(_ path: StoragePath) async throws(StorageError) -> StorageEntry? {
    let entry = try await find(path) { path throws(StorageError) in try await self.driver.stat(path) }
    return entry?.isDirectory == true ? nil : entry
  }

  /// Whether the content at `data` was written or claimed since the cutoff.
  /// - Parameter entry: of the content; nil where it isn't there.
  func isYoung(_ entry: StorageEntry?, _ data: StoragePath) async throws(StorageError) -> Bool {
    if let entry, entry.modified >= cutoff { return true }
    guard let file = removal.claimFile(of: data), let claim = try await self.entry(file) else { return false }
    return claim.modified >= cutoff
  }

  /// The content of a link.
  enum LinkState: Sendable {
    /// There is none.
    case absent
    /// A digest.
    case digest(Digest)
    /// It can't be read, for this reason.
    case unreadable(String)
  }

  func link(_ path: StoragePath) async -> LinkState {
    do throws(StorageError) {
      let content = try await find(path) { path throws(StorageError) in
        try await self.driver.content(at: path, limit: 256)
      }
      guard let content else { return .absent }
      return Link.digest(content).map { .digest($0) } ?? .unreadable(content.isEmpty ? "is empty" : "is no digest")
    } catch {
      return .unreadable(error.description)
    }
  }

  // MARK: - Removing

  /// Removes the file at `path` unless it is wanted.
  /// - Parameter isWanted: gets the file's modification time.
  func remove(
    _ path: StoragePath, _ window: RemovalWindow,
    unless isWanted: (_ modified: Int64) async throws(StorageError) -> Bool
  ) async throws(StorageError) -> RemovalOutcome {
    try await removal.remove(path, window, in: run) { _, modified throws(StorageError) in
      try await isWanted(modified)
    }
  }

  /// As `remove`, the content at `data` if it was neither written nor claimed since the cutoff, or a claim alone.
  func removeContent(_ data: StoragePath, _ window: RemovalWindow) async throws(StorageError) -> RemovalOutcome {
    try await removal.removeContent(data, window, in: run, since: cutoff)
  }
}
