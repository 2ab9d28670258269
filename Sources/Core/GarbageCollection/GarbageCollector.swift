/// Removes content that nothing refers to (mark and sweep), while clients push, mount, tag and delete.
///
/// What is wanted is marked first: what the manifests of all repositories refer to. Then whatever isn't marked is
/// removed, unless it was written or claimed (``BlobStore/claim(_:)``) since the cutoff: the time at which marking
/// began, less the grace. So content that a client was told about stays for the grace, and a manifest that marking
/// missed came after it began, and claimed all that it names before it was answered. A ``RemovalProtocol`` removes what is
/// not wanted, so that a claim that comes at the same moment is seen, or sees that it came too late.
public struct GarbageCollector: Sendable {
  /// What to do.
  public struct Options: Sendable {
    /// Change nothing at all.
    public var isDryRun = false
    /// Remove manifests that no tag, index or subject leads to, too.
    public var deletesUntagged = false
    /// How long content is kept after it was pushed or claimed.
    public var grace = Duration.seconds(24 * 3600)
    /// For how long caches take a claim as made (``RegistryCaching/claimHolds(for:)``): the grace is longer by that,
    /// but twice as long at the most.
    public var claimsHold = Duration.zero

    /// The defaults.
    public init() {}

    fileprivate var fullGrace: Duration { grace + min(claimsHold, grace) }
  }

  /// The name under which it takes turns (``MaintenanceTurn``).
  public static let task = "garbagecollection"

  private let driver: any StorageDriver
  private let options: Options
  private let cache: (any BlobDescriptorCache)?

  /// Over a driver.
  /// - Parameter cache: a cache that outlives its processes; entries of removed contents are deleted from it.
  public init(_ driver: any StorageDriver, _ options: Options, cache: (any BlobDescriptorCache)? = nil) {
    self.driver = driver
    self.options = options
    self.cache = cache
  }

  /// Collects once. The caller has the turn, unless nothing is to be changed.
  ///
  /// Files that can't be read, listed or removed are reported, and everything that they may refer to is kept.
  /// - Throws: where the note that a collection is under way can't be written.
  public func run(_ observer: CollectionObserver = CollectionObserver()) async throws(StorageError) -> CollectionReport
  {
    let run = try await begin(observer)
    do throws(StorageError) {
      // Cache entries from now on were claimed after the cutoff.
      if !options.isDryRun { try await run.blobs.invalidation.voidAll() }
      try await mark(run)
      if run.mayRemoveContent {
        try await BlobSweep(run, cache).sweep()
        // If clocks differ by more than the grace, contents that were claimed under the new permits may be removed,
        // too.
        if !options.isDryRun, run.report.blobs.removed > 0 { try await run.blobs.invalidation.voidAllSoon() }
        try await LinkSweep(run, cache).sweep()
      }
      if !options.isDryRun { await sweepLeftovers(run) }
    } catch  where error.code == .cancelled {
      run.report.isInterrupted = true
    }
    if !options.isDryRun, !run.storage.run.hasLeftAside {
      try? await driver.delete(StorageLayout.collection, durability: .process)
    }
    return run.report
  }

  func begin(_ observer: CollectionObserver) async throws(StorageError) -> CollectionRun {
    let blobs = BlobStore(driver: driver)
    let run = RemovalRun()
    let begin = try await blobs.removal.begin(run, isDryRun: options.isDryRun)
    return CollectionRun(
      blobs, options, observer, run, cutoff: Self.cutoff(begin.now, options.fullGrace, blobs.removal.claimAllowance),
      isRecovering: begin.isRecovering)
  }

  /// - Parameter claims: a claim that is younger than this is not written again, whatever the grace.
  private static func cutoff(_ now: Int64, _ grace: Duration, _ claims: Duration) -> Int64 {
    now - (max(.zero, grace) + claims).nanoseconds
  }

  private func mark(_ run: CollectionRun) async throws(StorageError) {
    run.begin(.marking)
    do throws(StorageError) {
      _ = try await driver.stat(StorageLayout.repositories)
    } catch {
      // Content without any repository: a disk is probably not mounted.
      let hasContent = (try? await driver.stat(StorageLayout.blobs)) != nil
      if error.code != .notFound || hasContent { run.isUnlistable(StorageLayout.repositories, error) }
      return
    }
    try await StoredRepository.visitAll(driver, failed: run.isUnlistable) { repository throws(StorageError) in
      run.report.repositories += 1
      run.progress.repositories += 1
      try run.checkEnd()
      let marking = RepositoryMarking(run, repository)
      if options.deletesUntagged, let name = repository.name {
        try await marking.markTagged(name)
      } else {
        try await marking.markAll()
      }
      try await marking.finish()
    }
    // A loss of power must not bring a manifest back whose content it leaves away: changes before a sync last if it
    // does.
    if !options.isDryRun, run.report.manifests.removed > 0 {
      try await driver.putState(Array(run.name.utf8), at: StorageLayout.collection, durability: .powerLoss)
    }
  }

  private func sweepLeftovers(_ run: CollectionRun) async {
    do {
      run.report.leftovers = try await driver.sweepLeftovers(olderThan: .seconds(3600))
    } catch {
      run.report.note(.root, "leftovers of processes that died can't be removed: \(error)")
    }
  }
}
