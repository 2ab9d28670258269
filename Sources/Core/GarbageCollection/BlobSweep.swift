/// Removes contents that are neither marked nor young.
struct BlobSweep {
  private let run: CollectionRun

  init(_ run: CollectionRun) {
    self.run = run
  }

  func sweep() async throws(StorageError) {
    run.begin(.blobs)
    var directories: [(StoragePath, Digest.Algorithm)] = []
    for algorithm in Digest.Algorithm.allCases {
      let top = StorageLayout.blobs / algorithm.rawValue
      try await run.forEachName(in: top) { name throws(StorageError) in directories.append((top / name, algorithm)) }
    }
    for (index, (directory, algorithm)) in directories.enumerated() {
      run.progress.fraction = Double(index) / Double(directories.count)
      try await run.forEachName(in: directory) { hex throws(StorageError) in
        guard let key = DigestKey(hex, algorithm) else { return }
        try self.run.step()
        await self.sweep(directory / hex, isWanted: self.run.wanted.contains(key))
      }
    }
  }

  /// - Parameter directory: of one content.
  private func sweep(_ directory: StoragePath, isWanted: Bool) async {
    let data = directory / "data"
    do throws(StorageError) {
      if isWanted {
        run.report.blobs.kept += 1
        // Looking at it brings back what a collection that died has moved aside.
        if run.isRecovering { _ = try await run.entry(data) }
        return
      }
      guard let entry = try await run.entry(data) else {
        if !run.options.isDryRun { try await run.driver.prune(directory, below: StorageLayout.blobs) }
        return
      }
      guard entry.modified < run.cutoff, try await remove(data) else {
        run.report.blobs.kept += 1
        return
      }
      run.report.blobs.removed += 1
      run.removing(.blob, directory, size: entry.size)
    } catch {
      run.report.note(data, "the content can't be looked at or removed: \(error)")
      run.report.blobs.kept += 1
    }
  }

  /// - Returns: false where it is wanted.
  private func remove(_ data: StoragePath) async throws(StorageError) -> Bool {
    if run.options.isDryRun { return true }
    guard try await run.condemn(data, unless: { $0 >= self.run.cutoff }) else { return false }
    try await run.driver.prune(data.parent, below: StorageLayout.blobs)
    return true
  }
}
