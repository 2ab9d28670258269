/// Removes contents that are neither marked nor young.
final class BlobSweep {
  private let run: CollectionRun
  private let cache: (any BlobDescriptorCache)?
  /// What a cache has yet to be told of.
  private var gone: [Digest] = []

  init(_ run: CollectionRun, _ cache: (any BlobDescriptorCache)?) {
    self.run = run
    self.cache = cache
  }

  func sweep() async throws(StorageError) {
    defer { tell() }
    run.begin(.blobs)
    var directories: [(StoragePath, Digest.Algorithm)] = []
    for algorithm in Digest.Algorithm.allCases {
      let top = StorageLayout.blobs / algorithm.rawValue
      try await run.forEachName(in: top) { name throws(StorageError) in directories.append((top / name, algorithm)) }
    }
    for (index, (directory, algorithm)) in directories.enumerated() {
      run.progress.fraction = Double(index) / Double(directories.count)
      try await run.forEachName(in: directory) { hex throws(StorageError) in
        guard let digest = Digest(algorithm: algorithm, hex: hex) else { return }
        try self.run.step()
        if await self.sweep(directory / hex, isWanted: self.run.wanted.contains(digest)) { self.gone.append(digest) }
      }
      if gone.count >= 500 { tell() }
    }
  }

  private func tell() {
    if !run.options.isDryRun { cache?.forget(gone, in: nil) }
    gone = []
  }

  /// - Parameter directory: of one content.
  /// - Returns: whether it was removed.
  private func sweep(_ directory: StoragePath, isWanted: Bool) async -> Bool {
    let data = directory / "data"
    do throws(StorageError) {
      if isWanted {
        run.report.blobs.kept += 1
        // Looking at it brings back what a collection that died has moved aside.
        if run.isRecovering { _ = try await run.entry(data) }
        return false
      }
      guard let entry = try await run.entry(data) else {
        if !run.options.isDryRun { try await run.driver.prune(directory, below: StorageLayout.blobs) }
        return false
      }
      guard entry.modified < run.cutoff, try await remove(data) else {
        run.report.blobs.kept += 1
        return false
      }
      run.report.blobs.removed += 1
      run.removing(.blob, directory, size: entry.size)
      return true
    } catch {
      run.report.note(data, "the content can't be looked at or removed: \(error)")
      run.report.blobs.kept += 1
      return false
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
