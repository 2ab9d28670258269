import NIOConcurrencyHelpers

/// Shared by the checks of one verification: the storage, the findings and the progress. Several checks run at the same
/// time if the storage is another machine.
final class VerificationRun: Sendable {
  let registry: Registry
  let options: Verifier.Options
  private let state: NIOLockedValueBox<State>
  private let observe: @Sendable (Verifier.Event) -> Void

  private struct State {
    var progress: VerificationProgress
    var pace: VerificationPace
  }

  var driver: any StorageDriver { registry.driver }
  var blobs: BlobStore { registry.blobs }
  var tally: VerificationTally { state.withLockedValue { $0.progress.tally } }

  init(
    _ driver: any StorageDriver, _ options: Verifier.Options, _ tally: VerificationTally,
    observe: @escaping @Sendable (Verifier.Event) -> Void
  ) {
    registry = Registry(driver: driver)
    self.options = options
    self.observe = observe
    state = NIOLockedValueBox(
      State(progress: VerificationProgress(tally), pace: VerificationPace(rate: options.rate, now: .now)))
  }

  /// Counts one of something that was looked at, or several.
  func count(_ field: WritableKeyPath<VerificationTally, Int64>, _ number: Int64 = 1) {
    state.withLockedValue { $0.progress.tally[keyPath: field] += number }
  }

  // MARK: Findings

  /// Reports what people must put right.
  func found(_ kind: Finding.Kind, _ path: StoragePath, _ detail: String = "", remedy: String) {
    tell(Finding(kind: kind, path: path, detail: detail, remedy: remedy, state: .left))
  }

  /// Reports what a repair puts right, and does that where it is wanted.
  /// - Parameter repair: what is done, to stand after "would be" and "was".
  func found(
    _ kind: Finding.Kind, _ path: StoragePath, _ detail: String = "", repair: String,
    _ action: () async throws(StorageError) -> Void
  ) async throws(StorageError) {
    var finding = Finding(
      kind: kind, path: path, detail: detail, remedy: "with --repair it is \(repair)", state: .repairable)
    if options.repair {
      do {
        try await action()
        finding.state = .repaired
        finding.remedy = "it was \(repair)"
      } catch  where error.code == .cancelled {
        throw error
      } catch {
        finding.state = .left
        finding.remedy = "it could not be \(repair): \(error)"
      }
    }
    tell(finding)
  }

  private func tell(_ finding: Finding) {
    state.withLockedValue { $0.progress.tally.count(finding.state) }
    observe(.found(finding))
  }

  /// Whether a fault is still there at a second look: a request or a collection may be changing the file now. If the
  /// file changed lately, there is a pause before the second look.
  func persists(
    _ path: StoragePath, _ isWrong: () async throws(StorageError) -> Bool
  ) async throws(StorageError) -> Bool {
    guard try await isWrong() else { return false }
    guard try await isYoung(path) else { return true }
    try await pause(options.settling.pause)
    return try await isWrong()
  }

  private func isYoung(_ path: StoragePath) async throws(StorageError) -> Bool {
    var latest = Int64.min
    for path in [path, path.parent] {
      do {
        latest = max(latest, try await driver.stat(path).modified)
      } catch  where error.code == .cancelled {
        throw error
      } catch {
        // It tells nothing of its age.
      }
    }
    let (age, overflow) = WallClock.now.subtractingReportingOverflow(latest)
    return !overflow && Duration.nanoseconds(age) < options.settling.age
  }

  // MARK: Going on

  /// Throws where the verification is to stop. Tells how far it has come.
  func step() throws(StorageError) {
    guard !Task.isCancelled else { throw StorageError(.cancelled, "verify") }
    observe(.progress(state.withLockedValue { $0.progress }))
  }

  /// Begins with a phase that has so many contents or repositories; nil: that isn't known.
  func begin(_ phase: VerificationProgress.Phase, total: Int64?) throws(StorageError) {
    state.withLockedValue { ($0.progress.phase, $0.progress.total) = (phase, total) }
    try step()
  }

  /// Everything up to a content's directory, or a repository, is done with.
  func passed(_ position: StoragePath) throws(StorageError) {
    observe(.passed(position, tally))
    try step()
  }

  /// Counts what was read, and waits where it is more than the rate allows.
  func read(_ bytes: Int64) async throws(StorageError) {
    let delay = state.withLockedValue { state in
      state.progress.tally.bytes += bytes
      state.progress.bytesRead += bytes
      return state.pace.delay(after: bytes, now: .now)
    }
    if delay > .milliseconds(1) { try await pause(delay) }
    try step()
  }

  private func pause(_ duration: Duration) async throws(StorageError) {
    do {
      try await Task.sleep(for: duration)
    } catch {
      throw StorageError(.cancelled, "verify")
    }
  }

  // MARK: Looking

  /// The names in a directory, in the order of their bytes; none where it is gone. What can't be listed is reported.
  func names(_ directory: StoragePath) async throws(StorageError) -> [String] {
    try step()
    do {
      return try await driver.list(directory).sorted()
    } catch  where error.code == .notFound {
      return []
    } catch  where error.code == .cancelled {
      throw error
    } catch  where error.code == .wrongKind {
      found(.unexpected, directory, "it is a file", remedy: "remove it")
    } catch {
      unreadable(directory, error)
    }
    return []
  }

  /// Visits `algorithm/hex` below a directory, several at a time.
  func forEachDigest(
    in directory: StoragePath, _ visit: @escaping @Sendable (Digest, StoragePath) async throws(StorageError) -> Void
  ) async throws(StorageError) {
    for name in try await names(directory) {
      guard let algorithm = Digest.Algorithm(rawValue: name) else {
        unexpected(directory / name)
        continue
      }
      try await forEach(names(directory / name)) { hex throws(StorageError) in
        let path = directory / name / hex
        guard let digest = Digest(algorithm: algorithm, hex: hex) else { return self.unexpected(path) }
        try await self.guarded(path) { () async throws(StorageError) in try await visit(digest, path) }
      }
    }
  }

  /// Checks each of `items`, several at a time.
  func forEach<Item: Sendable>(
    _ items: [Item], _ check: @escaping @Sendable (Item) async throws(StorageError) -> Void
  ) async throws(StorageError) {
    _ = try await SideBySide.map(items, width: driver.concurrency, check)
  }

  /// Runs a check; what the storage can't read is reported, and the next check runs.
  func guarded(
    _ path: StoragePath, _ body: () async throws(StorageError) -> Void
  ) async throws(StorageError) {
    do {
      try await body()
    } catch  where error.code == .cancelled {
      throw error
    } catch {
      unreadable(path, error)
    }
  }

  func unexpected(_ path: StoragePath) {
    found(.unexpected, path, remedy: "look at it, and delete it if it is not needed")
  }

  func unreadable(_ path: StoragePath, _ error: StorageError) {
    found(.unreadable, path, "\(error)", remedy: "see to the storage, and verify again")
  }

  /// Reports a directory that is empty, and removes it with those above it that become so.
  func empty(_ directory: StoragePath, below top: StoragePath) async throws(StorageError) {
    let isEmpty = try await persists(directory) { () async throws(StorageError) in
      do throws(StorageError) {
        return try await driver.list(directory).isEmpty
      } catch  where error.code == .notFound {
        return false
      }
    }
    guard isEmpty else { return }
    try await found(.emptyDirectory, directory, repair: "removed") { () async throws(StorageError) in
      try await driver.prune(directory, below: top)
    }
  }

  /// The digest that a link holds; nil where there is none, or none that can be read: it is as good as torn.
  /// - Throws: why the storage as a whole fails.
  func link(_ path: StoragePath) async throws(StorageError) -> Digest? {
    try await registry.unreadable.optional(path) { () async throws(StorageError) in try await Link.read(path, driver) }
  }

  /// Whether a file is there, or something that is neither a file nor a directory.
  func isThere(_ path: StoragePath) async throws(StorageError) -> Bool {
    do {
      return try await !driver.stat(path).isDirectory
    } catch  where error.code == .notFound {
      return false
    } catch  where error.code == .irregular {
      return true
    }
  }
}
