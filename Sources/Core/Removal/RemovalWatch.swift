import NIOConcurrencyHelpers

/// How one process relies on what is there, on storage that can't move a file aside in one step and can't make it young
/// (object stores): whoever removes something announces it (``RemovalAnnouncer``), and whoever wants it looks for that.
///
/// - Who wants something first says so where it can be seen: by a claim (an object beside the content), by putting the
///   content that a link leads to, or the link that an entry is about. Then it waits until no notice covers the path
///   (`awaitRemoval`), and only then it looks, or writes.
/// - Who removes something first puts a notice that covers the path, and waits for longer than a lease. Then it looks
///   whether the path is wanted; if it isn't, it begins to remove it within the life of the notice, and withdraws the
///   notice once that is over.
///
/// Then nobody finds what is taken away afterwards. For let the claim be visible at `c`, and the notice at `n`, so that
/// it is looked for claims after `n + lease`. If that is after `c`, the claim is seen, and the path stays. If it is
/// before, then `n < c - lease`. Who made the claim goes by notices that were read less than a lease before he
/// looked them up, which was after `c`; or that were begun to be read after `c`. Either way they were read after `n`: the
/// notice is among them, so that he waits; or it had been withdrawn, and all that he sees is as it stays.
///
/// Clocks of different hosts are never compared. It does not matter how long he sleeps after he has looked the notices
/// up: whoever announces something later than that looks for claims later, too. A process that dies leaves its notice,
/// which counts for nothing when it is older, by the storage's own clock or by how long a process has known it, than all
/// that may be under way.
final class RemovalWatch: Sendable {
  let driver: any StorageDriver
  let timing: RemovalTiming
  private let state = NIOLockedValueBox(State())
  /// What this process has claimed lately.
  let claims: NIOLockedValueBox<LRUCache<Digest, MadeClaim>>

  private struct State {
    var reading: Reading?
    var isRenewing = false
    /// Notices that processes have left which died.
    var expired: Set<String> = []
    /// Since when this process has known the notices.
    var seen: [String: ContinuousClock.Instant] = [:]
  }

  /// What the storage said.
  private struct Reading {
    /// Before it was read.
    var begin: ContinuousClock.Instant
    /// Another one whenever there was another notice, or one less.
    var change: [UInt8]
    var notices: [RemovalNotice]
  }

  /// Claims that are remembered at the most.
  private static let capacity = 20_000

  init(_ driver: any StorageDriver, _ timing: RemovalTiming) {
    self.driver = driver
    self.timing = timing
    claims = NIOLockedValueBox(LRUCache(capacity: RemovalWatch.capacity))
  }

  /// Waits until nobody is about to remove what is at `path`, or to look whether it may. To be called once it can be
  /// seen that it is wanted: from then on it isn't removed, as long as that holds.
  /// - Returns: whether somebody was: what was there before may be gone, and claims with it.
  /// - Throws: `.unavailable` where it takes too long.
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

  /// The notices, read less than a lease before `moment`, or after it. While one request reads them anew in time, the
  /// others go on.
  private func current(asOf moment: ContinuousClock.Instant) async throws(StorageError) -> [RemovalNotice] {
    let (known, isMine) = state.withLockedValue { state -> ([RemovalNotice]?, Bool) in
      guard let reading = state.reading, moment - reading.begin < timing.lease else { return (nil, false) }
      let isMine = moment - reading.begin >= timing.renewal && !state.isRenewing
      if isMine { state.isRenewing = true }
      return (reading.notices, isMine)
    }
    guard let known else { return try await read() }
    guard isMine else { return known }
    defer { state.withLockedValue { $0.isRenewing = false } }
    return (try? await read()) ?? known
  }

  /// Reads the notices: one small object, and no more than that as long as nothing has changed.
  ///
  /// A notice is put before the change, so whoever reads a change finds all notices that were put before it.
  private func read() async throws(StorageError) -> [RemovalNotice] {
    let begin = ContinuousClock.now
    let change = try await content(StorageLayout.removalChange, limit: 64) ?? []
    var reading = Reading(begin: begin, change: change, notices: [])
    if let known = state.withLockedValue({ $0.reading }), known.change == change {
      reading.notices = known.notices
    } else if !change.isEmpty {
      for name in try await driver.names(in: StorageLayout.removalNotices) {
        guard let path = StorageLayout.removalNotices.appending(name),
          let content = try await content(path, limit: RemovalNotice.limit)
        else { continue }
        reading.notices.append(RemovalNotice(name, content))
      }
    }
    state.withLockedValue { state in
      if let latest = state.reading, latest.begin >= begin { return }
      state.reading = reading
      let names = reading.notices.map(\.name)
      state.expired.formIntersection(names)
      state.seen = Dictionary(names.map { ($0, state.seen[$0] ?? .now) }) { first, _ in first }
    }
    return reading.notices
  }

  private func content(_ path: StoragePath, limit: Int) async throws(StorageError) -> [UInt8]? {
    do {
      return try await driver.content(at: path, limit: limit)
    } catch  where error.code == .notFound {
      return nil
    }
  }

  /// Whether a notice counts for nothing: whoever put it has died, or is about to say that it is gone. Where the store
  /// tells no times, so that all is as young as can be, it is at least as old as this process has known it.
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
