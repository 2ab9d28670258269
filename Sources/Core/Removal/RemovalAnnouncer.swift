/// Announces removals, on storage where nothing can be moved aside in one step: see ``RemovalWatch``. Any
/// number of processes may do it at the same time: each notice is an object of its own.
struct RemovalAnnouncer: Sendable {
  private let driver: any StorageDriver
  private let timing: RemovalTiming

  init(_ driver: any StorageDriver, _ timing: RemovalTiming) {
    self.driver = driver
    self.timing = timing
  }

  /// Runs what looks at each of `paths` and removes it where it isn't wanted.
  ///
  /// Where the outcome of a removal isn't known, the notice stays until it expires.
  func announcing<Result>(
    _ paths: [StoragePath], _ body: (RemovalWindow) async throws(StorageError) -> Result
  ) async throws(StorageError) -> Result {
    guard !paths.isEmpty else { return try await body(RemovalWindow()) }
    let end = ContinuousClock.now + timing.life
    let notice = StorageLayout.removalNotices / String(UInt64.random(in: .min ... .max), radix: 16)
    let window: RemovalWindow
    let result: Result
    do {
      try await driver.put(RemovalNotice.content(paths), at: notice, durability: .process)
      try await tell()
      try await wait(timing.lease + timing.margin)
      window = RemovalWindow(end: end, published: try await driver.stat(notice).modified)
    } catch {
      await withdraw(notice)
      throw error
    }
    do {
      result = try await body(window)
    } catch {
      if !window.isUncertain { await withdraw(notice) }
      throw error
    }
    if !window.isUncertain { await withdraw(notice) }
    return result
  }

  /// Removes notices of processes that died.
  /// - Parameter now: the storage's time (nanoseconds since 1970).
  func removeExpired(now: Int64) async throws(StorageError) {
    var isAnyGone = false
    for name in try await driver.names(in: StorageLayout.removalNotices) {
      guard let notice = StorageLayout.removalNotices.appending(name) else { continue }
      do {
        guard Duration.nanoseconds(now &- (try await driver.stat(notice).modified)) > timing.expiry else { continue }
        try await driver.delete(notice, durability: .process)
        isAnyGone = true
      } catch  where error.code == .notFound {
        // Another process has removed it.
      }
    }
    if isAnyGone { try await tell() }
  }

  /// Changes `removals.change`, so that all processes read the notices again.
  private func tell() async throws(StorageError) {
    let change = String(UInt64.random(in: .min ... .max), radix: 16) + "\n"
    try await driver.put(Array(change.utf8), at: StorageLayout.removalChange, durability: .process)
  }

  /// Removes a notice. If that fails, the notice expires.
  private func withdraw(_ notice: StoragePath) async {
    do {
      try await driver.delete(notice, durability: .process)
      try await tell()
    } catch {
    }
  }

  private func wait(_ duration: Duration) async throws(StorageError) {
    do {
      try await Task.sleep(for: duration)
    } catch {
      throw StorageError(.cancelled, "announce removals")
    }
  }
}
