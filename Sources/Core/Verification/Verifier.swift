import NIOConcurrencyHelpers

/// Reads everything that is stored, reports what isn't as it should be, and puts right what can be
/// (`berth verify`).
///
/// It works beside requests and garbage collection: whatever looks wrong is looked at again before it is called so,
/// and no repair takes away what somebody could still need. Memory does not grow with what is stored.
public struct Verifier {
  private let driver: any StorageDriver
  private let options: Options

  /// What is wanted.
  public struct Options: Sendable {
    /// Whether what can be put right is.
    public var repair = false
    /// Looks at this repository alone; nil: at everything.
    public var repository: RepositoryName?
    /// Bytes of content that are read in a second; nil: as many as can be.
    public var rate: Int64?
    /// Begins anew where an earlier run was stopped.
    public var restart = false
    /// For how long an orphaned upload is left alone.
    public var uploadAge = Duration.seconds(168 * 3600)
    /// Which children of an index must be there.
    public var validation = Configuration.Validation()
    /// What changed less than `age` ago is looked at again after `pause` before it is called wrong.
    public var settling = (age: Duration.seconds(60), pause: Duration.seconds(1))

    /// Looks at everything and changes nothing.
    public init() {}
  }

  /// What a run tells.
  public enum Event {
    /// No registry has ever stored anything here.
    case nothingStored
    /// An earlier run is gone on with, after this path.
    case resumed(StoragePath)
    /// Nothing can be written here: a run that is stopped begins anew.
    case readOnly(StorageError)
    /// Something isn't as it should be.
    case found(Finding)
    /// How far the run has come. Often.
    case progress(VerificationTally)
    /// All that lies before, and this, is done with; and what was found up to there.
    case passed(StoragePath, VerificationTally)
  }

  /// Over a storage.
  public init(driver: any StorageDriver, options: Options) {
    self.driver = driver
    self.options = options
  }

  /// Runs to the end.
  /// - Parameter observe: may be called by several tasks at once.
  /// - Returns: what was found; nil where another process is verifying this storage.
  /// - Throws: `.cancelled` when the task is, once it is written down how far it has come; whatever keeps it from
  ///   beginning.
  public func run(_ observe: @escaping @Sendable (Event) -> Void) async throws(StorageError) -> VerificationTally? {
    // A wrong root directory must not pass for a registry without faults.
    if try await driver.names(in: StorageLayout.root).isEmpty {
      if let name = options.repository { throw Verifier.unknown(name) }
      observe(.nothingStored)
      return VerificationTally()
    }
    let turn: MaintenanceTurn?
    do {
      switch try await MaintenanceTurn.take("verify", driver) {
      case .turn(let taken): turn = taken
      case .running, .recent: return nil
      }
    } catch  where error.code == .denied && !options.repair {
      observe(.readOnly(error))
      turn = nil
    }
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
    func keep() async throws(StorageError) {
      guard turn != nil, options.repository == nil, let latest = latest.withLockedValue({ $0 }), latest != kept else {
        return
      }
      try await latest.store(driver)
      kept = latest
      storedAt = .now
    }
    do {
      try await verify(run, after: checkpoint?.position) { () async throws(StorageError) in
        if ContinuousClock.now - storedAt > .seconds(5) { try await keep() }
      }
    } catch {
      try? await keep()
      throw error
    }
    if turn != nil { try await VerificationCheckpoint.remove(driver) }
    try await turn?.finish()
    return run.tally
  }

  private static func unknown(_ name: RepositoryName) -> StorageError {
    StorageError(.notFound, "verify the repository \(name)", cause: "there is none of this name")
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
      let parts = Set(try await run.names(StorageLayout.repository(name)))
      guard !parts.isEmpty else { throw Verifier.unknown(name) }
      try await RepositoryCheck(run, RepositoryTree.Entry(name: name, parts: parts)).check()
      return
    }
    if position.map({ !$0.isBelow(StorageLayout.repositories) }) ?? true {
      try await ContentCheck(run).all(after: position, passed)
    }
    let last = position.flatMap { path -> RepositoryName? in
      guard path.isBelow(StorageLayout.repositories) else { return nil }
      return RepositoryName(path.string.dropFirst(StorageLayout.repositories.string.count + 1))
    }
    try await RepositoryTree(driver: driver).forEach(startingAt: last) { entry throws(StorageError) in
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
