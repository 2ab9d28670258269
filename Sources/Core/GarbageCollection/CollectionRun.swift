/// One collection on its way: what its phases share.
final class CollectionRun {
  let driver: any StorageDriver
  let blobs: BlobStore
  let options: GarbageCollector.Options
  let observer: CollectionObserver
  /// A name that no other collection has.
  let name: String
  /// What was modified since then (nanoseconds since 1970) is wanted.
  let cutoff: Int64
  /// Whether a collection before this one may have left things moved aside.
  let isRecovering: Bool

  var report: CollectionReport
  var progress = CollectionProgress()
  /// The contents that are wanted.
  var wanted = DigestSet()
  /// How often it may yet look again, after a pause, for the content of a manifest that is missing: ten seconds in all,
  /// so that a damaged storage does not hold it up.
  var looksLeft = 200
  /// False where it can't be known what is wanted.
  var mayRemoveContent = true
  /// Whether something that was moved aside could be moved neither back nor away.
  var hasLeftAside = false

  init(
    _ driver: any StorageDriver, _ options: GarbageCollector.Options, _ observer: CollectionObserver, name: String,
    cutoff: Int64, isRecovering: Bool
  ) {
    self.driver = driver
    blobs = BlobStore(driver: driver)
    self.options = options
    self.observer = observer
    self.name = name
    self.cutoff = cutoff
    self.isRecovering = isRecovering
    report = CollectionReport(isDryRun: options.isDryRun)
  }

  /// Between two items: tells how far it has come.
  /// - Throws: `.cancelled` where it is to end.
  func step() throws(StorageError) {
    progress.items += 1
    observer.progressed(progress)
    try checkEnd()
  }

  func checkEnd() throws(StorageError) {
    if observer.isStopping() || Task.isCancelled { throw StorageError(.cancelled, "collect garbage") }
  }

  func begin(_ phase: CollectionProgress.Phase) {
    progress.phase = phase
    progress.repositories = 0
    progress.items = 0
    progress.fraction = nil
  }

  /// Notes what is removed, or would be.
  func removing(_ kind: CollectionItem.Kind, _ path: StoragePath, size: Int64? = nil) {
    progress.removed += 1
    progress.bytes += size ?? 0
    report.bytesFreed += size ?? 0
    observer.removing(CollectionItem(kind: kind, path: path, size: size))
  }

  /// A directory whose entries can't be known. While marking, what is in it may refer to whatever there is.
  func isUnlistable(_ directory: StoragePath, _ error: StorageError) {
    if progress.phase == .marking {
      report.note(directory, "\(error); no content is removed")
      mayRemoveContent = false
    } else {
      report.note(directory, "\(error); what is in it stays")
    }
  }

  /// Visits the names in a directory; none where it isn't there.
  func forEachName(
    in directory: StoragePath, _ visit: (String) async throws(StorageError) -> Void
  ) async throws(StorageError) {
    // What the visit throws is for the caller; what the listing throws is not.
    var ended: StorageError?
    do throws(StorageError) {
      try await driver.forEachName(in: directory) { name throws(StorageError) in
        do throws(StorageError) {
          try await visit(name)
        } catch {
          ended = error
          throw error
        }
      }
    } catch {
      if let ended { throw ended }
      if error.code != .notFound && error.code != .wrongKind { isUnlistable(directory, error) }
    }
  }

  /// Looks at what is at `path`, or waits beside it because a collection died; nil where there is neither.
  func find<Value>(
    _ path: StoragePath, _ look: (StoragePath) async throws(StorageError) -> Value
  ) async throws(StorageError) -> Value? {
    do {
      return try await look(path)
    } catch  where error.code == .notFound || error.code == .wrongKind {
    }
    do {
      if options.isDryRun {
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

  /// What is said of a file; nil where there is none.
  func entry(_ path: StoragePath) async throws(StorageError) -> StorageEntry? {
    let entry = try await find(path) { path throws(StorageError) in try await self.driver.stat(path) }
    return entry?.isDirectory == true ? nil : entry
  }

  /// What a link says.
  enum LinkState {
    /// There is none.
    case absent
    /// A digest.
    case digest(Digest)
    /// Nothing that can be understood, and why.
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

  /// Removes the file at `path`, unless it turns out to be wanted once it is condemned.
  /// - Parameter isWanted: told when the file was last modified.
  /// - Returns: whether it was removed. False, too, where somebody else has moved it.
  func condemn(
    _ path: StoragePath, unless isWanted: (_ modified: Int64) async throws(StorageError) -> Bool
  ) async throws(StorageError) -> Bool {
    guard let condemnation = try await Condemnation(path, by: name, driver) else { return false }
    let failure: StorageError?
    do throws(StorageError) {
      guard let modified = try await condemnation.lastWanted() else { return false }
      let wanted = try await isWanted(modified)
      if !wanted { return try await condemnation.carryOut() }
      failure = nil
    } catch {
      failure = error
    }
    do throws(StorageError) {
      try await condemnation.revoke()
    } catch {
      hasLeftAside = true
      throw error
    }
    if let failure { throw failure }
    return false
  }
}
