import NIOConcurrencyHelpers

/// Reads everything that is stored, reports faults, and repairs them if asked to (`berth verify`).
///
/// Requests and garbage collection may run at the same time: a fault is checked again before it is reported, and no
/// repair removes what a request could still need. Memory does not grow with the size of the storage.
public struct Verifier {
  private let driver: any StorageDriver
  private let options: Options

  /// What to verify, and how.
  public struct Options: Sendable {
    /// Whether to repair faults.
    public var repair = false
    /// Verifies only this repository; nil: everything.
    public var repository: RepositoryName?
    /// Maximum bytes of content to read per second; nil: no limit.
    public var rate: Int64?
    /// Starts from the beginning, even if an earlier run was interrupted.
    public var restart = false
    /// Idle time after which a repair removes an orphaned upload.
    public var uploadAge = Duration.seconds(168 * 3600)
    /// Determines which children of an index must exist.
    public var validation = Configuration.Validation()
    /// A file that changed less than `age` ago is checked again after `pause` before a fault is reported.
    public var settling = (age: Duration.seconds(60), pause: Duration.seconds(1))
    /// How often the progress is saved.
    public var checkpointInterval = Duration.seconds(5)

    /// Looks at everything and changes nothing.
    public init() {}
  }

  /// Events of a run.
  public enum Event {
    /// No registry has ever stored anything here.
    case nothingStored
    /// An interrupted run is continued, after this path.
    case resumed(StoragePath)
    /// The storage can't be written: an interrupted run can't be continued.
    case readOnly(StorageError)
    /// The progress can't be saved: after an interruption, the next run repeats what was done since the last save.
    /// Reported once.
    case notKept(StorageError)
    /// A fault.
    case found(Finding)
    /// The progress. Frequent.
    case progress(VerificationProgress)
    /// Everything up to this path has been verified; with the findings so far.
    case passed(StoragePath, VerificationTally)
  }

  /// The name under which it takes turns (``MaintenanceTurn``).
  public static let task = "verify"

  /// Over a storage.
  public init(driver: any StorageDriver, options: Options) {
    self.driver = driver
    self.options = options
  }

  /// Runs to the end.
  /// - Parameter observe: may be called by several tasks at once.
  /// - Returns: what was found; nil where another process is verifying this storage.
  /// - Throws: `.cancelled` when the task is, after the progress was saved; an error that keeps it from beginning.
  public func run(_ observe: @escaping @Sendable (Event) -> Void) async throws(StorageError) -> VerificationTally? {
    // A wrong root directory must not pass for a registry without faults.
    if try await driver.names(in: StorageLayout.root).isEmpty {
      if let name = options.repository { throw Verifier.unknown(name) }
      observe(.nothingStored)
      return VerificationTally()
    }
    // Before the turn is taken: a name that is mistyped leaves nothing behind.
    if let name = options.repository, try await parts(of: name).isEmpty { throw Verifier.unknown(name) }
    var hasTurn = false
    do {
      let turn = try await MaintenanceTurn.perform(Verifier.task, driver) { () async throws(StorageError) in
        hasTurn = true
        return (try await verify(isReadOnly: false, observe), isComplete: true)
      }
      if case .done(let tally) = turn { return tally }
      return nil
    } catch  where error.code == .denied && !options.repair && !hasTurn {
      observe(.readOnly(error))
      return try await verify(isReadOnly: true, observe)
    }
  }

  /// Goes on where an earlier run was stopped.
  private func verify(
    isReadOnly: Bool, _ observe: @escaping @Sendable (Event) -> Void
  ) async throws(StorageError) -> VerificationTally {
    let checkpoint = try await begin(observe)
    var kept = checkpoint
    var storedAt = ContinuousClock.now
    let latest = NIOLockedValueBox(checkpoint)
    let run = VerificationRun(driver, options, checkpoint?.tally ?? VerificationTally()) { event in
      if case .passed(let path, let tally) = event {
        latest.withLockedValue { $0 = VerificationCheckpoint(position: path, tally: tally) }
      }
      observe(event)
    }
    var isFailureTold = false
    func keep() async throws(StorageError) {
      guard !isReadOnly, options.repository == nil, let latest = latest.withLockedValue({ $0 }), latest != kept else {
        return
      }
      storedAt = .now
      do {
        try await latest.store(driver)
        kept = latest
      } catch  where error.code == .cancelled {
        throw error
      } catch {
        // No reason to stop a run that finds what it looks for.
        if !isFailureTold { observe(.notKept(error)) }
        isFailureTold = true
      }
    }
    do {
      try await verify(run, after: checkpoint?.position) { () async throws(StorageError) in
        if ContinuousClock.now - storedAt > options.checkpointInterval { try await keep() }
      }
    } catch {
      try? await keep()
      throw error
    }
    // One repository's run says nothing of how far a whole one has come.
    if !isReadOnly, options.repository == nil { try await VerificationCheckpoint.remove(driver) }
    return run.tally
  }

  private static func unknown(_ name: RepositoryName) -> StorageError {
    StorageError(.notFound, "verify the repository \(name)", cause: "there is none of this name")
  }

  private func parts(of name: RepositoryName) async throws(StorageError) -> Set<String> {
    RepositoryTree.Entry.parts(among: try await driver.names(in: StorageLayout.repository(name)))
  }

  private func begin(_ observe: (Event) -> Void) async throws(StorageError) -> VerificationCheckpoint? {
    guard options.repository == nil, !options.restart,
      let checkpoint = try await VerificationCheckpoint.load(driver)
    else { return nil }
    observe(.resumed(checkpoint.position))
    return checkpoint
  }

  private func verify(
    _ run: VerificationRun, after position: StoragePath?, _ passed: () async throws(StorageError) -> Void
  ) async throws(StorageError) {
    if let name = options.repository {
      try run.begin(.repositories, total: nil)
      try await RepositoryCheck(run, RepositoryTree.Entry(name: name, parts: try await parts(of: name))).check()
      return
    }
    if position.map({ !$0.isBelow(StorageLayout.repositories) }) ?? true {
      try run.begin(.contents, total: try await ContentCheck(run).count())
      try await ContentCheck(run).all(after: position, passed)
    }
    let last = position.flatMap { path -> RepositoryName? in
      guard path.isBelow(StorageLayout.repositories) else { return nil }
      return RepositoryName(path.string.dropFirst(StorageLayout.repositories.string.count + 1))
    }
    let tree = RepositoryTree(driver: driver)
    // One listing for each, where verifying it takes many calls. What can't be listed is reported by the second walk.
    try run.begin(.repositories, total: try await tree.count())
    try await tree.forEach(startingAt: last) { entry throws(StorageError) in
      guard entry.name != last else { return }
      try await RepositoryCheck(run, entry).check()
      try run.passed(StorageLayout.repository(entry.name))
      try await passed()
    } failed: { path, error in
      run.unreadable(path, error)
    }
    if options.repair {
      run.count(\.leftovers, Int64(try await driver.sweepLeftovers(olderThan: .seconds(3600))))
    }
  }
}
