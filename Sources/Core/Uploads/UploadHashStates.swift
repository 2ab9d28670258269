/// The hashes of an upload's first bytes, kept beside it so that the next request may reach any worker on any
/// machine, and what was hashed on arrival is never read again.
///
/// They only save work: one that is missing or can't be read costs reading back what it would have covered.
struct UploadHashStates {
  private let driver: any StorageDriver
  private let name: RepositoryName
  private let id: UploadID
  /// Longer than any state.
  private static let limit = 1024

  /// Of one upload.
  init(_ driver: any StorageDriver, _ name: RepositoryName, _ id: UploadID) {
    self.driver = driver
    self.name = name
    self.id = id
  }

  /// Keeps the state of a hash under the number of bytes that it has seen.
  func store(_ hasher: ContentHasher) async throws(StorageError) {
    try await driver.put(hasher.state, at: path(hasher.algorithm, hasher.count), durability: .process)
  }

  /// The hash that has seen most of an upload of `size` bytes; one that has seen nothing where none is kept.
  /// - Parameter algorithm: nil: whichever the upload was begun with.
  func latest(_ algorithm: Digest.Algorithm?, size: Int64) async throws(StorageError) -> ContentHasher {
    guard let algorithm else { return try await latestOfAny(size: size) }
    if size == 0 { return ContentHasher(algorithm) }
    if let exact = try await load(algorithm, size) { return exact }
    return try await newest(algorithm, size: size) ?? ContentHasher(algorithm)
  }

  /// Any algorithm but the canonical one keeps a state from the start, which tells that it was asked for.
  private func latestOfAny(size: Int64) async throws(StorageError) -> ContentHasher {
    for algorithm in Digest.Algorithm.allCases where size > 0 || algorithm != .sha256 {
      if let exact = try await load(algorithm, size) { return exact }
    }
    if size == 0 { return ContentHasher(.sha256) }
    for algorithm in Digest.Algorithm.allCases where algorithm != .sha256 {
      if let newest = try await newest(algorithm, size: size) { return newest }
    }
    return try await newest(.sha256, size: size) ?? ContentHasher(.sha256)
  }

  /// Removes the states of more than `size` bytes. A loss of power, or a failed sync, can lose the bytes and leave
  /// the state; if other bytes were written up to the same length, the state would not match them.
  func forget(beyond size: Int64) async throws(StorageError) {
    for algorithm in try await driver.stateNames(in: StorageLayout.uploadHashStates(name, id)) {
      guard let algorithm = Digest.Algorithm(rawValue: algorithm) else { continue }
      for state in try await driver.stateNames(in: StorageLayout.uploadHashStates(name, id, algorithm)) {
        guard let count = Decimal.exact(state.utf8), count > size else { continue }
        do {
          try await driver.delete(path(algorithm, count), durability: .process)
        } catch  where error.code == .notFound {
          // Whatever it was named, it isn't read.
        }
      }
    }
  }

  /// The newest readable state of less than `size` bytes.
  func newest(_ algorithm: Digest.Algorithm, size: Int64) async throws(StorageError) -> ContentHasher? {
    let names = try await driver.stateNames(in: StorageLayout.uploadHashStates(name, id, algorithm))
    let counts = names.compactMap { Decimal.exact($0.utf8) }.filter { $0 < size }
    for count in counts.sorted(by: >) {
      if let hasher = try await load(algorithm, count) { return hasher }
    }
    return nil
  }

  private func load(_ algorithm: Digest.Algorithm, _ count: Int64) async throws(StorageError) -> ContentHasher? {
    guard let state = try await driver.state(at: path(algorithm, count), limit: Self.limit),
      let hasher = ContentHasher(state: state), hasher.algorithm == algorithm, hasher.count == count
    else { return nil }
    return hasher
  }

  private func path(_ algorithm: Digest.Algorithm, _ count: Int64) -> StoragePath {
    StorageLayout.uploadHashStates(name, id, algorithm) / String(count)
  }
}
