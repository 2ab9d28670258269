/// Removes content or links so that no cache returns them afterwards.
///
/// Processes of this process's domain are informed before the removal, so that they cache nothing even if this process
/// dies, and after it. For all other domains (other hosts with caches of their own; all domains if Redis is down), the
/// permit is closed meanwhile, which takes a second (``CachePermit``).
struct CacheInvalidation {
  private let driver: any StorageDriver
  private let cache: DescriptorCaching?

  init(_ driver: any StorageDriver, _ cache: DescriptorCaching?) {
    self.driver = driver
    self.cache = cache
  }

  /// Somewhat longer than a permit that was read before it was closed can be used.
  private static let patience = CachePermit.lease + .milliseconds(100)

  /// Runs `operation`, which removes a content (`repository` is nil) or a link to it.
  func removing<Result>(
    _ digest: Digest, in repository: RepositoryName?, _ operation: () async throws(StorageError) -> Result
  ) async throws(StorageError) -> Result {
    try await removing(cache?.beginRemoval(of: digest, in: repository), operation)
  }

  /// Runs `operation`, which removes more than caches can be informed of one by one.
  @discardableResult
  func removingMany<Result>(
    _ operation: () async throws(StorageError) -> Result
  ) async throws(StorageError) -> Result {
    try await removing(nil, operation)
  }

  /// - Parameter removal: as announced to this process's own cache; nil: not announced, so its permit is closed like
  ///   the others.
  private func removing<Result>(
    _ removal: CacheRemoval?, _ operation: () async throws(StorageError) -> Result
  ) async throws(StorageError) -> Result {
    let closed: Closed
    do {
      closed = try await close(try await domains().filter { $0 != removal?.domain })
    } catch {
      if let removal { _ = cache?.endRemoval(removal) }
      throw error
    }
    let result: Result
    do {
      result = try await operation()
    } catch {
      // Whether it was removed all the same can't be known.
      try? await finish(removal, closed)
      throw error
    }
    try await finish(removal, closed)
    return result
  }

  /// Voids all entries of all caches, and waits until no process uses them.
  func voidAll() async throws(StorageError) {
    if try await void(except: []) { try await wait() }
  }

  /// As `voidAll`, but returns at once: entries may be used for one second more.
  func voidAllSoon() async throws(StorageError) {
    _ = try await void(except: [])
  }

  /// Removes the permits that no cache uses any more: of hosts and of Redis servers that are gone.
  ///
  /// Each is closed first, as for a removal: one that its domain takes up again at this moment must not vanish while
  /// a process uses it.
  /// - Returns: how many.
  func sweep() async throws(StorageError) -> Int {
    let forgotten = try await permits().filter { CachePermitFile.isForgotten(modified: $0.entry.modified) }
    return try await open(try await close(forgotten.map(\.name))).count
  }

  /// Removes entries of contents that something other than the registry has removed: at once for processes that share
  /// this process's cache, within a second for all others. If this fails, the next request that meets them tries again.
  func forget(_ vanished: [Digest], in repository: RepositoryName?) async {
    guard let cache, !vanished.isEmpty else { return }
    cache.void(vanished, in: repository)
    try? await voidAllSoon()
  }

  // MARK: - Permits

  /// The domains that this removal has closed, each with the number in its permit.
  private typealias Closed = [String: UInt64]

  /// Closes domains, and waits until no process uses their permits.
  private func close(_ domains: [String]) async throws(StorageError) -> Closed {
    var closed: Closed = [:]
    var failure: StorageError?
    do throws(StorageError) {
      try await SideBySide.forEach(domains, width: driver.concurrency) { () throws(StorageError) in
        if let failure { throw failure }
      } _: { domain in
        let number = UInt64.random(in: .min ... .max)
        return await outcome { () async throws(StorageError) in
          try await write(.closed(number), domain, durability: .process) ? number : nil
        }
      } done: { domain, result in
        switch result {
        case .success(let number): closed[domain] = number
        case .failure(let error): failure = error
        }
      }
      if let failure { throw failure }
      if !closed.isEmpty { try await wait() }
      return closed
    } catch {
      _ = try? await open(closed)
      throw error
    }
  }

  /// - Returns: false where something else is in the place of the file: then no process has a permit.
  private func write(
    _ file: CachePermitFile, _ domain: String, durability: Durability
  ) async throws(StorageError) -> Bool {
    do {
      try await file.write(StorageLayout.cachePermit(domain), driver, durability: durability)
      return true
    } catch  where error.code == .wrongKind || error.code == .irregular {
      return false
    }
  }

  /// Removes the permit files that this removal closed, unless another process has changed them since. The domain's
  /// next reader writes a new one.
  /// - Returns: their domains.
  @discardableResult
  private func open(_ closed: Closed) async throws(StorageError) -> [String] {
    let opened = try await SideBySide.map(Array(closed), width: driver.concurrency) {
      (domain, number) throws(StorageError) in
      try await CachePermitFile.read(StorageLayout.cachePermit(domain), driver) == .closed(number) ? domain : nil
    }.compactMap { $0 }
    // Syncing the removal of the last file makes the others last, too.
    _ = try await SideBySide.map(Array(opened.dropLast()), width: driver.concurrency) { domain throws(StorageError) in
      try await remove(domain, durability: .withNext)
    }
    if let last = opened.last { try await remove(last, durability: .powerLoss) }
    return opened
  }

  private func remove(_ domain: String, durability: Durability) async throws(StorageError) {
    do {
      try await driver.delete(StorageLayout.cachePermit(domain), durability: durability)
    } catch  where error.code == .notFound {
      // Another process has opened it.
    }
  }

  /// Opens what was closed, and voids the entries of domains that are new since, or that another process has opened.
  private func finish(_ removal: CacheRemoval?, _ closed: Closed) async throws(StorageError) {
    var settled: Set<String> = []
    if let removal, let cache, cache.endRemoval(removal) { settled.insert(removal.domain) }
    settled.formUnion(try await open(closed))
    if try await void(except: settled) { try await wait() }
  }

  /// Gives all domains another permit, except those of `settled`.
  /// - Returns: whether a process may use an old permit for up to one second more.
  private func void(except settled: Set<String>) async throws(StorageError) -> Bool {
    let unsettled = try await domains().filter { !settled.contains($0) }
    return try await SideBySide.map(unsettled, width: driver.concurrency) { domain throws(StorageError) in
      switch try await CachePermitFile.read(StorageLayout.cachePermit(domain), driver) {
      case .closed:
        // Closed by another removal, which will open it.
        return true
      case .open, .absent:
        // Keep the file: a later removal must know that a process may still use the old number.
        return try await write(.open(.random(in: .min ... .max)), domain, durability: .selfChecking)
      }
    }.contains(true)
  }

  /// Domains whose permit a process may use. Forgotten permits are listed, but not closed.
  private func domains() async throws(StorageError) -> [String] {
    try await permits().filter { !CachePermitFile.isForgotten(modified: $0.entry.modified) }.map(\.name)
  }

  private func permits() async throws(StorageError) -> [DirectoryEntry] {
    do {
      return try await driver.entries(of: StorageLayout.cachePermits)
    } catch  where error.code == .notFound || error.code == .wrongKind {
      return []
    }
  }

  private func wait() async throws(StorageError) {
    do {
      try await Task.sleep(for: CacheInvalidation.patience)
    } catch {
      throw StorageError(.cancelled, "wait for caches")
    }
  }
}
