/// Removes content, or links to it, so that no cache of any process tells of it once the removal is over, and none
/// remembers it again from what was seen before.
///
/// Who shares a cache with this process is told by it: before, so that nothing is remembered even if this process dies
/// over the removal, and after. Everybody else (other hosts with caches of their own, all if Redis is down) has a
/// permit in the storage that is taken away meanwhile (``CachePermit``), which takes a second.
struct CacheInvalidation {
  private let driver: any StorageDriver
  private let cache: DescriptorCaching?

  init(_ driver: any StorageDriver, _ cache: DescriptorCaching?) {
    self.driver = driver
    self.cache = cache
  }

  /// For somewhat longer than a permit holds that was read before it was taken away.
  private static let patience = CachePermit.lease + .milliseconds(100)

  /// Takes a content away, or a link to it.
  func removing<Result>(
    _ digest: Digest, in repository: RepositoryName?, _ operation: () async throws(StorageError) -> Result
  ) async throws(StorageError) -> Result {
    try await removing(cache?.beginRemoval(of: digest, in: repository), operation)
  }

  /// Takes away more than caches can be told of one by one.
  @discardableResult
  func removingMany<Result>(
    _ operation: () async throws(StorageError) -> Result
  ) async throws(StorageError) -> Result {
    try await removing(nil, operation)
  }

  /// - Parameter removal: what this process's own cache knows of it; nil: it has to be kept from being gone by.
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

  /// Voids all that caches remember, and waits until nobody goes by it.
  func voidAll() async throws(StorageError) {
    if try await void(except: []) { try await wait() }
  }

  /// As `voidAll`, without waiting: nobody goes by it a second later.
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

  /// Forgets what turned out to be wrong, because something other than the registry has removed it: at once for those
  /// who share this process's cache, and within a second for everybody else. What can't be forgotten now is met again.
  func forget(_ vanished: [Digest], in repository: RepositoryName?) async {
    guard let cache, !vanished.isEmpty else { return }
    cache.void(vanished, in: repository)
    try? await voidAllSoon()
  }

  // MARK: - Permits

  /// A domain that was closed, by this number.
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

  /// - Returns: false where there is something else in the place of the file, which nobody can go by.
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

  /// Takes the files of domains away that nobody else has closed or opened since: nobody goes by them, so each makes
  /// itself a new one.
  /// - Returns: these.
  @discardableResult
  private func open(_ closed: Closed) async throws(StorageError) -> [String] {
    let opened = try await SideBySide.map(Array(closed), width: driver.concurrency) {
      (domain, number) throws(StorageError) in
      try await CachePermitFile.read(StorageLayout.cachePermit(domain), driver) == .closed(number) ? domain : nil
    }.compactMap { $0 }
    // The end of the last one's name has all others last, too.
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

  /// Opens what was closed, and sees to domains that came in the meantime, or that somebody else has opened.
  private func finish(_ removal: CacheRemoval?, _ closed: Closed) async throws(StorageError) {
    var settled: Set<String> = []
    if let removal, let cache, cache.endRemoval(removal) { settled.insert(removal.domain) }
    settled.formUnion(try await open(closed))
    if try await void(except: settled) { try await wait() }
  }

  /// Gives all domains another permit.
  /// - Returns: whether somebody may go by one that was there for a second yet.
  private func void(except settled: Set<String>) async throws(StorageError) -> Bool {
    let unsettled = try await domains().filter { !settled.contains($0) }
    return try await SideBySide.map(unsettled, width: driver.concurrency) { domain throws(StorageError) in
      switch try await CachePermitFile.read(StorageLayout.cachePermit(domain), driver) {
      case .closed:
        // By somebody else, perhaps just now, who opens it himself.
        return true
      case .open, .absent:
        // The file stays: whoever comes next must know that somebody may yet go by what it said before.
        return try await write(.open(.random(in: .min ... .max)), domain, durability: .selfChecking)
      }
    }.contains(true)
  }

  /// Those whose permit a process may use. A forgotten permit costs no more than a place in the list.
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
