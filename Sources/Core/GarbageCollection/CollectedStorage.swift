import Synchronization

/// The storage during a collection: reads and removals that several of its tasks may carry out at the same time.
final class CollectedStorage: Sendable {
  let driver: any StorageDriver
  /// A name that no other collection has.
  let name: String
  let isDryRun: Bool
  /// Contents that were modified since then (nanoseconds since 1970) are kept.
  let cutoff: Int64
  private let leftAside = Atomic<Bool>(false)

  init(_ driver: any StorageDriver, name: String, isDryRun: Bool, cutoff: Int64) {
    self.driver = driver
    self.name = name
    self.isDryRun = isDryRun
    self.cutoff = cutoff
  }

  /// Whether a file that was moved aside could neither be moved back nor be removed.
  var hasLeftAside: Bool { leftAside.load(ordering: .relaxed) }

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
    guard driver.removalTiming == nil else { return nil }
    do {
      if isDryRun {
        let names = try await driver.list(path.parent)
        guard let aside = names.first(where: { $0.hasPrefix(StorageLayout.condemnedPrefix) }) else { return nil }
        return try await look(path.parent / aside)
      }
      guard try await Condemnation.rescue(path, driver) else { return nil }
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

  /// Whether a content was written or claimed since the cutoff.
  /// - Parameter entry: of the content; nil where it isn't there.
  func isYoung(_ entry: StorageEntry?, claim: StoragePath) async throws(StorageError) -> Bool {
    if let entry, entry.modified >= cutoff { return true }
    // On a file system the content's own time is the claim.
    guard driver.removalTiming != nil, let claim = try await self.entry(claim) else { return false }
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

  // MARK: - Taking away

  /// What has become of something that was to be removed.
  enum Outcome: Sendable {
    case removed
    /// Claimed, or already removed or moved back.
    case kept
    /// The notice's life was over: the removal has to be announced again.
    case late
  }

  /// Removes the file at `path` unless it is wanted. Decides after the file was moved aside (`Condemnation`), or its
  /// removal announced, so that no claim is missed.
  /// - Parameter isWanted: gets the file's modification time.
  func remove(
    _ path: StoragePath, _ window: RemovalWindow,
    unless isWanted: (_ modified: Int64) async throws(StorageError) -> Bool
  ) async throws(StorageError) -> Outcome {
    guard driver.removalTiming == nil else {
      guard let entry = try await entry(path), try await !isWanted(entry.modified) else { return .kept }
      guard window.isOpen else { return .late }
      return try await window.remove(path, driver) ? .removed : .kept
    }
    guard let condemnation = try await Condemnation(path, by: name, driver) else { return .kept }
    let failure: StorageError?
    do throws(StorageError) {
      guard let modified = try await condemnation.lastWanted() else { return .kept }
      let wanted = try await isWanted(modified)
      if !wanted { return try await condemnation.carryOut() ? .removed : .kept }
      failure = nil
    } catch {
      failure = error
    }
    do throws(StorageError) {
      try await condemnation.revoke()
    } catch {
      leftAside.store(true, ordering: .relaxed)
      throw error
    }
    if let failure { throw failure }
    return .kept
  }

  /// As `remove`, a content that was neither written nor claimed since the cutoff, or a claim alone.
  func removeContent(
    _ data: StoragePath, claim: StoragePath, _ window: RemovalWindow
  ) async throws(StorageError) -> Outcome {
    guard driver.removalTiming != nil else { return try await remove(data, window) { $0 >= cutoff } }
    guard try await !isYoung(entry(data), claim: claim) else { return .kept }
    guard window.isOpen else { return .late }
    return try await window.remove(data.parent, driver) ? .removed : .kept
  }
}
