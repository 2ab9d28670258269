extension CollectionRun {
  /// How many candidates are checked together before they are removed.
  var batch: Int { removal.batch }

  /// Calls `visit` with candidates for removal, in their order, while their removal is announced: as many at a time as
  /// one announcement covers. A dry run announces nothing.
  /// - Parameters:
  ///   - path: the path to announce; nil: the candidate won't be removed.
  ///   - visit: returns those for which there was no time left.
  func announcing<Item>(
    _ items: [Item], path: (Item) -> StoragePath?,
    _ visit: ([Item], RemovalWindow) async throws(StorageError) -> [Item]
  ) async throws(StorageError) {
    guard !options.isDryRun else {
      _ = try await visit(items, RemovalWindow())
      return
    }
    var rest = items[...]
    var late: [Item] = []
    var failures = 0
    while !rest.isEmpty || !late.isEmpty {
      let part = late + rest.prefix(batch - late.count)
      rest = rest.dropFirst(part.count - late.count)
      late = try await removal.announcing(part.compactMap(path)) { window throws(StorageError) in
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
    _ remove: @escaping @Sendable (Item, RemovalWindow) async -> Result<RemovalOutcome, StorageError>,
    done: (Item, Result<RemovalOutcome, StorageError>) -> Void
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
    try await SideBySide.forEach(items, width: driver.concurrency, check: checkEnd, work, done: done)
  }
}
