extension CollectionRun {
  /// How many things are looked at together before they are removed. One, where nothing is ever announced.
  var batch: Int { driver.removalTiming == nil ? 1 : RemovalNotice.capacity }

  /// Things that are looked at side by side, where each look is a request to another machine.
  private var width: Int { driver.removalTiming == nil ? 1 : 16 }

  /// Hands over candidates for removal, in their order, while it is announced that they may be removed: as many at a
  /// time as a notice may cover. All at once, where nothing is announced.
  /// - Parameters:
  ///   - path: what is announced; nil: it won't be removed.
  ///   - visit: returns those for which there was no time left.
  func announcing<Item>(
    _ items: [Item], path: (Item) -> StoragePath?,
    _ visit: ([Item], RemovalWindow) async throws(StorageError) -> [Item]
  ) async throws(StorageError) {
    guard driver.removalTiming != nil, !options.isDryRun else {
      _ = try await visit(items, RemovalWindow())
      return
    }
    let announcer = RemovalAnnouncer(driver)
    var rest = items[...]
    var late: [Item] = []
    var failures = 0
    while !rest.isEmpty || !late.isEmpty {
      let part = late + rest.prefix(RemovalNotice.capacity - late.count)
      rest = rest.dropFirst(part.count - late.count)
      late = try await announcer.announcing(part.compactMap(path)) { window throws(StorageError) in
        try await visit(part, window)
      }
      failures = late.count < part.count ? 0 : failures + 1
      if failures == 3 {
        throw StorageError(.unavailable, "remove what was announced", cause: "the storage is too slow")
      }
    }
  }

  /// Removes each of `items`, in no order; see `announcing`.
  func removeEach<Item: Sendable>(
    _ items: [Item], path: (Item) -> StoragePath,
    _ remove: @escaping @Sendable (Item, RemovalWindow) async -> Result<CollectedStorage.Outcome, StorageError>,
    done: (Item, Result<CollectedStorage.Outcome, StorageError>) -> Void
  ) async throws(StorageError) {
    try await announcing(items, path: path) { items, window throws(StorageError) in
      var late: [Item] = []
      try await self.forEach(items) { item in
        await remove(item, window)
      } done: { item, outcome in
        if case .success(.late) = outcome { late.append(item) } else { done(item, outcome) }
      }
      return late
    }
  }

  /// Does something with each of `items`: one after the other, or several side by side.
  /// - Throws: `.cancelled` where it is to end; what has begun is done.
  func forEach<Item: Sendable, Answer: Sendable>(
    _ items: [Item], _ work: @escaping @Sendable (Item) async -> Answer, done: (Item, Answer) -> Void
  ) async throws(StorageError) {
    guard width > 1 else {
      for item in items {
        try checkEnd()
        done(item, await work(item))
      }
      return
    }
    var failure: StorageError?
    await withTaskGroup(of: (Item, Answer).self) { group in
      var rest = items[...]
      var running = 0
      while true {
        while running < width, failure == nil, let item = rest.popFirst() {
          do throws(StorageError) { try checkEnd() } catch { failure = error }
          guard failure == nil else { break }
          group.addTask { (item, await work(item)) }
          running += 1
        }
        guard let (item, answer) = await group.next() else { break }
        running -= 1
        done(item, answer)
      }
    }
    if let failure { throw failure }
  }
}

/// What a call answers, or why it fails.
func outcome<Value>(
  _ body: () async throws(StorageError) -> Value
) async -> Result<Value, StorageError> {
  do throws(StorageError) {
    return .success(try await body())
  } catch {
    return .failure(error)
  }
}
