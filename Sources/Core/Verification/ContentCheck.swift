/// Whether every content is what its digest says.
struct ContentCheck {
  private let run: VerificationRun

  init(_ run: VerificationRun) {
    self.run = run
  }

  /// Looks at all contents, in the order of their paths.
  /// - Parameters:
  ///   - position: the directory of the content to go on after.
  ///   - passed: runs after each.
  func all(
    after position: StoragePath?, _ passed: () async throws(StorageError) -> Void
  ) async throws(StorageError) {
    let top = StorageLayout.blobs
    for algorithm in try await run.names(top) {
      guard let known = Digest.Algorithm(rawValue: algorithm) else {
        run.unexpected(top / algorithm)
        continue
      }
      let directories = try await run.names(top / algorithm).map { top / algorithm / $0 }
        .filter { !isDone($0, position) }
      let width = run.driver.concurrency
      for start in stride(from: 0, to: directories.count, by: width) {
        let part = Array(directories[start..<min(start + width, directories.count)])
        let found = try await SideBySide.map(part, width: width) { directory throws(StorageError) in
          try await contents(of: directory, known)
        }
        try await check(found.flatMap { $0 }.filter { !isDone($0.directory, position) }, passed)
      }
    }
  }

  /// How many there are: one listing for each directory, of which there are 256, where verifying reads every byte.
  /// What can't be listed is left out here, and reported by the walk that verifies.
  func count() async throws(StorageError) -> Int64 {
    var total: Int64 = 0
    for algorithm in Digest.Algorithm.allCases {
      let top = StorageLayout.blobs / algorithm.rawValue
      let directories = (try? await run.driver.names(in: top)) ?? []
      let counts = try await SideBySide.map(directories, width: run.driver.concurrency) { name throws(StorageError) in
        try run.step()
        return (try? await run.driver.names(in: top / name))?.count ?? 0
      }
      total += counts.reduce(0) { $0 + Int64($1) }
    }
    return total
  }

  /// A content, and the directory that is its own.
  private struct Content: Sendable {
    let digest: Digest
    let directory: StoragePath
  }

  private func contents(
    of directory: StoragePath, _ algorithm: Digest.Algorithm
  ) async throws(StorageError) -> [Content] {
    let names = try await run.names(directory)
    if names.isEmpty { try await run.empty(directory, below: StorageLayout.blobs) }
    return names.compactMap { hex in
      guard let digest = Digest(algorithm: algorithm, hex: hex), hex.hasPrefix(directory.lastComponent) else {
        run.unexpected(directory / hex)
        return nil
      }
      return Content(digest: digest, directory: directory / hex)
    }
  }

  /// As many as can be read at a time, and each time a while's work, since a run that is stopped goes on after them.
  private func check(
    _ contents: [Content], _ passed: () async throws(StorageError) -> Void
  ) async throws(StorageError) {
    let width = run.driver.concurrency
    let count = width > 1 ? 8 * width : 1
    for start in stride(from: 0, to: contents.count, by: count) {
      let part = Array(contents[start..<min(start + count, contents.count)])
      try await run.forEach(part) { content throws(StorageError) in
        try await run.guarded(content.directory) { () async throws(StorageError) in try await check(content.digest) }
      }
      if let last = part.last { try run.passed(last.directory) }
      try await passed()
    }
  }

  /// Whether all below a directory lies at or before a position.
  private func isDone(_ directory: StoragePath, _ position: StoragePath?) -> Bool {
    guard let position, !position.isBelow(directory) else { return false }
    return directory.string <= position.string
  }

  /// Looks at one content, and at what a collection that died has moved aside.
  func check(_ digest: Digest) async throws(StorageError) {
    let data = StorageLayout.blobData(digest)
    let directory = data.parent
    let names = try await run.names(directory)
    for name in names where name != data.lastComponent {
      let path = directory / name
      if name.hasPrefix(StorageLayout.condemnedPrefix) {
        try await run.guarded(path) { () async throws(StorageError) in try await rescue(path, data, digest) }
      } else if path != run.blobs.removal.claimFile(of: data) {
        run.unexpected(path)
      }
    }
    if names.isEmpty { return try await run.empty(directory, below: StorageLayout.blobs) }
    guard try await run.isThere(data) else { return }
    run.count(\.contents)
    let verdict = try await verdict(on: data, digest)
    guard verdict.isWrong else { return }
    var second = verdict
    let isWrong = try await run.persists(data) { () async throws(StorageError) in
      second = try await self.verdict(on: data, digest)
      return second.isWrong
    }
    guard isWrong else { return }
    let place = StorageLayout.quarantined(digest)
    let (kind, detail) = second.finding
    try await run.found(kind, data, detail, repair: "moved to \(place), so that the next push heals it") {
      () async throws(StorageError) in try await quarantine(data, digest)
    }
  }

  /// Whole content, or none at all, makes what was moved aside superfluous.
  private func rescue(_ aside: StoragePath, _ data: StoragePath, _ digest: Digest) async throws(StorageError) {
    let isLeft = try await run.persists(aside) { () async throws(StorageError) in try await run.isThere(aside) }
    guard isLeft else { return }
    if try await run.isThere(data), try await !verdict(on: data, digest).isWrong {
      return try await run.found(.condemned, aside, "the content is in its place, too", repair: "removed") {
        () async throws(StorageError) in try await run.driver.delete(aside, durability: .process)
      }
    }
    try await run.found(.condemned, aside, repair: "moved back") { () async throws(StorageError) in
      try await run.driver.move(aside, to: data, durability: .powerLoss)
    }
  }

  /// Moves wrong content to the quarantine. If it turns out to be right there, because a request had replaced it
  /// meanwhile, moves it back.
  private func quarantine(_ data: StoragePath, _ digest: Digest) async throws(StorageError) {
    guard run.driver.hasAtomicRename else { return try await quarantineCopy(data, digest) }
    let place = StorageLayout.quarantined(digest)
    try await run.driver.move(data, to: place, durability: .powerLoss)
    if try await verdict(on: place, digest).isWrong {
      try await run.blobs.invalidation.voidAllSoon()
      return try await run.driver.prune(data.parent, below: StorageLayout.blobs)
    }
    try await run.driver.move(place, to: data, durability: .powerLoss)
  }

  /// As `quarantine`, for object stores: copies the content there first, then removes it if it is still what was
  /// copied. A request that replaces it has claimed it.
  private func quarantineCopy(_ data: StoragePath, _ digest: Digest) async throws(StorageError) {
    let place = StorageLayout.quarantined(digest)
    let entry = try await run.driver.stat(data)
    try await copy(data, to: place)
    do throws(StorageError) {
      guard try await verdict(on: place, digest).isWrong else {
        throw StorageError(.busy, "move \(data)", cause: "it was replaced meanwhile: verify again")
      }
      try await run.remove(data, wantedBy: [digest]) { place throws(StorageError) in
        try await run.driver.stat(place) == entry
      }
    } catch {
      try? await run.driver.delete(place, durability: .process)
      throw error
    }
    try await run.blobs.invalidation.voidAllSoon()
    try await run.driver.prune(data.parent, below: StorageLayout.blobs)
  }

  private func copy(_ source: StoragePath, to destination: StoragePath) async throws(StorageError) {
    let reader = try await run.driver.reader(at: source, from: 0)
    let writer = try await run.driver.writer(
      at: destination.parent / "\(destination.lastComponent).copy", appending: false)
    let buffer = IOBuffer()
    do throws(StorageError) {
      while try await reader.read(into: buffer) > 0 {
        try await writer.write(buffer.bytes)
        buffer.removeAll()
      }
      try await writer.commit(to: destination)
    } catch {
      try? await writer.cancel()
      throw error
    }
  }

  // MARK: Reading

  /// What a content was found to be.
  private enum Verdict {
    case whole, empty, corrupt(Digest)

    var isWrong: Bool {
      if case .whole = self { false } else { true }
    }

    var finding: (Finding.Kind, String) {
      switch self {
      case .whole, .empty: (.contentEmpty, "")
      case .corrupt(let digest): (.contentCorrupt, "it has the digest \(digest)")
      }
    }
  }

  /// What is gone is not wrong.
  private func verdict(on path: StoragePath, _ digest: Digest) async throws(StorageError) -> Verdict {
    do {
      let found = try await self.digest(of: path, digest.algorithm)
      if found == digest { return .whole }
      return found.isOfNothing ? .empty : .corrupt(found)
    } catch  where error.code == .notFound {
      return .whole
    }
  }

  /// The digest of a file's content.
  func digest(of path: StoragePath, _ algorithm: Digest.Algorithm) async throws(StorageError) -> Digest {
    let reader = try await run.driver.reader(at: path, from: 0)
    // A thread of its own pays for itself with some hundred kilobytes.
    guard reader.size > 4 * Int64(IOBuffer.streamingCapacity) else {
      return try await small(reader, algorithm)
    }
    let hash = BackgroundHash(ContentHasher(algorithm))
    let buffers = (0...BackgroundHash.depth).map { _ in IOBuffer() }
    var turn = 0
    while true {
      let buffer = buffers[turn]
      buffer.removeAll()
      let count = try await reader.read(into: buffer)
      guard count > 0 else { return hash.current.finalize() }
      hash.begin(buffer, first: count)
      turn = (turn + 1) % buffers.count
      try await run.read(Int64(count))
    }
  }

  private func small(_ reader: any StorageReader, _ algorithm: Digest.Algorithm) async throws(StorageError) -> Digest {
    var hasher = ContentHasher(algorithm)
    let buffer = IOBuffer(capacity: IOBuffer.capacity(forStreaming: reader.size))
    while try await reader.read(into: buffer) > 0 {
      hasher.update(buffer.bytes)
      try await run.read(Int64(buffer.count))
      buffer.removeAll()
    }
    return hasher.finalize()
  }
}
