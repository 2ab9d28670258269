/// The state of one collection, which its phases share.
final class CollectionRun {
  let storage: CollectedStorage
  let blobs: BlobStore
  let options: GarbageCollector.Options
  let observer: CollectionObserver
  /// Whether a collection before this one may have left things moved aside.
  let isRecovering: Bool

  var report: CollectionReport
  var progress = CollectionProgress()
  /// The contents that are wanted.
  var wanted = DigestSet()
  /// How often it may still look again, after a pause, for a manifest's missing content: ten seconds in all, so that a
  /// damaged storage does not delay it.
  var looksLeft = 200
  /// False if it is not known which contents are wanted.
  var mayRemoveContent = true

  var driver: any StorageDriver { storage.driver }
  /// See ``CollectedStorage``.
  var cutoff: Int64 { storage.cutoff }
  var name: String { storage.run.name }
  var removal: any RemovalProtocol { storage.removal }

  init(
    _ blobs: BlobStore, _ options: GarbageCollector.Options, _ observer: CollectionObserver, _ run: RemovalRun,
    cutoff: Int64, isRecovering: Bool
  ) {
    storage = CollectedStorage(blobs, run, isDryRun: options.isDryRun, cutoff: cutoff)
    self.blobs = blobs
    self.options = options
    self.observer = observer
    self.isRecovering = isRecovering
    report = CollectionReport(isDryRun: options.isDryRun)
  }

  /// Call it between two items: reports the progress.
  /// - Throws: `.cancelled` where the collection should stop.
  func step() throws(StorageError) {
    isDone()
    try checkEnd()
  }

  /// Counts an item, and reports the progress.
  func isDone() {
    progress.items += 1
    observer.progressed(progress)
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

  /// Reports a directory that can't be listed. While marking, its entries may refer to any content.
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

  /// As `forEachName`, so many names at a time.
  func forEachBatch(
    in directory: StoragePath, of count: Int, _ visit: ([String]) async throws(StorageError) -> Void
  ) async throws(StorageError) {
    var waiting: [String] = []
    try await forEachName(in: directory) { name throws(StorageError) in
      waiting.append(name)
      guard waiting.count >= count else { return }
      try await visit(waiting)
      waiting = []
    }
    if !waiting.isEmpty { try await visit(waiting) }
  }

  // What `storage` says.

  func find<Value>(
    _ path: StoragePath, _ look: (StoragePath) async throws(StorageError) -> Value
  ) async throws(StorageError) -> Value? {
    try await storage.find(path, look)
  }

  func entry(_ path: StoragePath) async throws(StorageError) -> StorageEntry? { try await storage.entry(path) }

  func link(_ path: StoragePath) async -> CollectedStorage.LinkState { await storage.link(path) }
}
