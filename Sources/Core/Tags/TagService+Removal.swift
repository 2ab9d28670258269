extension TagService {
  /// Removes a tag, durably and at once, or what a crash left of one; the manifest stays. A tag whose link can't be
  /// read is removed as well.
  /// - Parameter isLocked: whether the caller holds the tag's lock (`removalLock`).
  /// - Returns: whether the tag was there.
  func remove(_ tag: Tag, isLocked: Bool = false) async throws(StorageError) -> Bool {
    let pointed: Bool
    do {
      pointed = try await target(of: tag) != nil
    } catch  where error.mayBeOfOneFile {
      pointed = true
    }
    // If the directory is removed in one step, a push that is setting the tag notices that at its end.
    let isOneStep = driver.hasAtomicRename
    if !pointed, !isOneStep, try await !driver.isThere(StorageLayout.tag(repository.name, tag)) { return false }
    let removed = try await driver.removingManifests(from: StorageLayout.repository(repository.name)) {
      () async throws(StorageError) in
      guard !isLocked, !isOneStep else { return try await removeFiles(of: tag, durability: .powerLoss) }
      return try await locking(tag) { () async throws(StorageError) in
        try await removeFiles(of: tag, durability: .powerLoss)
      }
    }
    if removed {
      await EmptyDirectories.remove(from: StorageLayout.tags(repository.name), of: repository.name, driver)
    }
    return pointed && removed
  }

  /// Removes a tag, durably, if its manifest is unwanted. Keeps the tag if it points to another manifest by then.
  /// - Returns: whether it was removed.
  @discardableResult
  func remove(
    _ tag: Tag, where isUnwanted: (Digest) async throws(StorageError) -> Bool
  ) async throws(StorageError) -> Bool {
    guard let digest = try await target(of: tag), try await isUnwanted(digest) else { return false }
    let isRemoved = try await driver.removingManifests(from: StorageLayout.repository(repository.name)) {
      () async throws(StorageError) in try await removeLocked(tag, durability: .powerLoss, where: isUnwanted)
    }
    if isRemoved {
      await EmptyDirectories.remove(from: StorageLayout.tags(repository.name), of: repository.name, driver)
    }
    return isRemoved
  }

  /// Removes the tags that point to a manifest, durably: each is read once, several at a time, and one sync does for
  /// all. Looks at the storage, never at a listing that was kept. A tag that can't be read stays.
  /// - Parameter isUnwanted: called for each tag under its lock.
  /// - Returns: whether any was removed.
  func removeAll(
    pointingTo digest: Digest, where isUnwanted: @escaping @Sendable () async throws(StorageError) -> Bool
  ) async throws(StorageError) -> Bool {
    let pointing = try await tags(pointingTo: digest)
    guard let last = pointing.last else { return false }
    @Sendable func remove(_ tag: Tag, _ durability: Durability) async throws(StorageError) -> Bool {
      try await removeLocked(tag, durability: durability) { target throws(StorageError) in
        guard target == digest else { return false }
        return try await isUnwanted()
      }
    }
    let isAnyRemoved = try await driver.removingManifests(from: StorageLayout.repository(repository.name)) {
      () async throws(StorageError) in
      let others = try await SideBySide.map(Array(pointing.dropLast()), width: driver.concurrency) {
        tag throws(StorageError) in try await remove(tag, .process)
      }
      // The directory of all tags is synced with the last one.
      if try await remove(last, .powerLoss) { return true }
      guard let removed = zip(pointing, others).first(where: { $0.1 })?.0 else { return false }
      try await settleRemoval(of: removed)
      return true
    }
    if isAnyRemoved {
      await EmptyDirectories.remove(from: StorageLayout.tags(repository.name), of: repository.name, driver)
    }
    return isAnyRemoved
  }

  private func tags(pointingTo digest: Digest) async throws(StorageError) -> [Tag] {
    let tags = try await driver.names(in: StorageLayout.tags(repository.name)).compactMap { Tag($0) }
    return zip(tags, try await targets(of: tags)).compactMap { $1 == digest ? $0 : nil }
  }

  /// A client may set the tag between the check and the removal. So a lock file is created first, and a push ends by
  /// looking for the lock and then for the tag. Proof: docs/internals/deletions.md.
  private func removeLocked(
    _ tag: Tag, durability: Durability, where isUnwanted: (Digest) async throws(StorageError) -> Bool
  ) async throws(StorageError) -> Bool {
    let isRemoved = try await locking(tag) { () async throws(StorageError) in
      guard let digest = try await target(of: tag), try await isUnwanted(digest) else { return false }
      return try await removeFiles(of: tag, durability: durability)
    }
    if !isRemoved {
      // If the tag did not exist, the lock has created its directory.
      await EmptyDirectories.remove(
        from: StorageLayout.tag(repository.name, tag), of: repository.name, driver)
    }
    return isRemoved
  }

  private func locking<Result>(
    _ tag: Tag, _ body: () async throws(StorageError) -> Result
  ) async throws(StorageError) -> Result {
    let lock = try await removalLock(tag)
    let result: Result
    do {
      result = try await body()
    } catch {
      try? await lock.cancel()
      throw error
    }
    try await lock.cancel()
    return result
  }

  /// If a directory can't be removed in one step, the history is removed first, so that no tag without a history is
  /// left. The caller then holds the lock.
  private func removeFiles(of tag: Tag, durability: Durability) async throws(StorageError) -> Bool {
    let directory = StorageLayout.tag(repository.name, tag)
    if driver.hasAtomicRename { return try await removeTree(directory, durability) }
    let hadHistory = try await removeTree(StorageLayout.tagIndex(repository.name, tag), durability)
    return try await removeTree(StorageLayout.tagCurrentLink(repository.name, tag), durability) || hadHistory
  }

  private func removeTree(_ path: StoragePath, _ durability: Durability) async throws(StorageError) -> Bool {
    do {
      try await driver.delete(path, durability: durability)
      return true
    } catch  where error.code == .notFound {
      return false
    }
  }

  /// Makes the removal of a tag last, and with it those of the tags beside it: syncing a file in a directory that is
  /// new syncs the directory above.
  private func settleRemoval(of tag: Tag) async throws(StorageError) {
    try await locking(tag) { () async throws(StorageError) in
      try await driver.settle(StorageLayout.tagRemoval(repository.name, tag))
    }
    await EmptyDirectories.remove(from: StorageLayout.tag(repository.name, tag), of: repository.name, driver)
  }

  /// Waits until no process holds the tag's removal lock.
  /// - Returns: whether there was a lock, perhaps of a process that died.
  func isBeingRemoved(_ tag: Tag) async throws(StorageError) -> Bool {
    do {
      _ = try await driver.stat(StorageLayout.tagRemoval(repository.name, tag))
    } catch  where error.code == .notFound || error.code == .wrongKind {
      return false
    }
    try await removalLock(tag).cancel()
    return true
  }

  /// Takes the tag's removal lock: a push that sets the tag meanwhile sets it again when the lock is released.
  func removalLock(_ tag: Tag) async throws(StorageError) -> any StorageWriter {
    for _ in 1...TagService.patience {
      do {
        return try await driver.writer(at: StorageLayout.tagRemoval(repository.name, tag), appending: true)
      } catch  where error.code == .busy {
        // The driver has waited already.
      }
    }
    throw StorageError(.unavailable, "remove the tag \(tag)", cause: "another process is at it")
  }

  /// How often to wait for a tag's lock: ten seconds in all, enough for an overloaded machine.
  private static let patience = 100
}
