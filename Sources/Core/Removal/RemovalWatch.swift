import NIOConcurrencyHelpers

/// Lets this process rely on objects that another process may be removing, on storage without an atomic rename (object
/// stores).
///
/// A claim is written before notices are looked up; a notice is written before claims are looked for
/// (``RemovalAnnouncer``). So one of two overlapping processes sees the other. Proof and times:
/// docs/internals/removal.md.
final class RemovalWatch: Sendable {
  let driver: any StorageDriver
  let timing: RemovalTiming
  private let reading: LeasedReading<Reading>
  private let state = NIOLockedValueBox(State())
  /// What this process has claimed lately.
  let claims: NIOLockedValueBox<LRUCache<Digest, MadeClaim>>

  private struct State {
    /// Names of notices that were left by processes that died.
    var expired: Set<String> = []
    /// When this process first saw each notice.
    var seen: [String: ContinuousClock.Instant] = [:]
  }

  /// The notices in the storage, as they were read.
  private struct Reading {
    /// The content of `removals.change`, which changes with every notice that comes or goes.
    var change: [UInt8]
    var notices: [RemovalNotice]
  }

  /// How many claims are remembered at the most.
  private static let capacity = 20_000

  init(_ driver: any StorageDriver, _ timing: RemovalTiming) {
    self.driver = driver
    self.timing = timing
    reading = LeasedReading(lease: timing.lease, renewal: timing.renewal)
    claims = NIOLockedValueBox(LRUCache(capacity: RemovalWatch.capacity))
  }

  /// Waits until no notice covers `path`. Call it after writing the claim (or what makes the path wanted).
  /// - Returns: whether it had to wait: then what was there before may be gone, and the claim with it.
  /// - Throws: `.unavailable` where it takes longer than `RemovalTiming.patience`.
  func awaitRemoval(of path: StoragePath) async throws(StorageError) -> Bool {
    let begin = ContinuousClock.now
    var notices = try await current(asOf: begin)
    var isWaiting = false
    while let notice = covering(path, notices) {
      if !isWaiting, try await hasExpired(notice) { continue }
      isWaiting = true
      guard ContinuousClock.now - begin < timing.patience else {
        throw StorageError(.unavailable, "wait for \(path)", cause: "garbage collection may be removing it: try again")
      }
      do {
        try await Task.sleep(for: timing.poll)
      } catch {
        throw StorageError(.cancelled, "wait for \(path)")
      }
      notices = try await read()
    }
    return isWaiting
  }

  private func covering(_ path: StoragePath, _ notices: [RemovalNotice]) -> RemovalNotice? {
    guard !notices.isEmpty else { return nil }
    let expired = state.withLockedValue { $0.expired }
    return notices.first { $0.covers(path) && !expired.contains($0.name) }
  }

  /// The notices, read less than a lease before `moment`, or after it.
  private func current(asOf moment: ContinuousClock.Instant) async throws(StorageError) -> [RemovalNotice] {
    switch reading.step(asOf: moment) {
    case .use(let known):
      return known.notices
    case .renew(let known):
      defer { reading.endRenewal() }
      do {
        return try await read()
      } catch {
        guard let known else { throw error }
        return known.notices
      }
    case .missing:
      return try await read()
    }
  }

  /// Reads one small object (`removals.change`), and the notices only if it has changed.
  ///
  /// A notice is put before the change, so a process that reads the change finds all notices that were put before it.
  private func read() async throws(StorageError) -> [RemovalNotice] {
    let begin = ContinuousClock.now
    let change = try await content(StorageLayout.removalChange, limit: 64) ?? []
    var latest = Reading(change: change, notices: [])
    if let known = reading.latest, known.change == change {
      latest.notices = known.notices
    } else if !change.isEmpty {
      for name in try await driver.names(in: StorageLayout.removalNotices) {
        guard let path = StorageLayout.removalNotices.appending(name),
          let content = try await content(path, limit: RemovalNotice.limit)
        else { continue }
        latest.notices.append(RemovalNotice(name, content))
      }
    }
    guard reading.store(latest, readFrom: begin) else { return latest.notices }
    let names = latest.notices.map(\.name)
    state.withLockedValue { state in
      state.expired.formIntersection(names)
      state.seen = Dictionary(names.map { ($0, state.seen[$0] ?? .now) }) { first, _ in first }
    }
    return latest.notices
  }

  private func content(_ path: StoragePath, limit: Int) async throws(StorageError) -> [UInt8]? {
    do {
      return try await driver.content(at: path, limit: limit)
    } catch  where error.code == .notFound {
      return nil
    }
  }

  /// Whether a notice is older than `RemovalTiming.expiry`, or already withdrawn. Where the store reports no times, a
  /// notice is as old as this process has known it.
  private func hasExpired(_ notice: RemovalNotice) async throws(StorageError) -> Bool {
    do {
      let put = try await driver.stat(notice.path).modified
      try await driver.put(Array("now\n".utf8), at: StorageLayout.removalClock, durability: .process)
      let age = Duration.nanoseconds(try await driver.stat(StorageLayout.removalClock).modified &- put)
      let known = state.withLockedValue { $0.seen[notice.name] }.map { .now - $0 } ?? .zero
      guard max(age, known) > timing.expiry else { return false }
    } catch  where error.code == .notFound {
    }
    state.withLockedValue { _ = $0.expired.insert(notice.name) }
    return true
  }
}
