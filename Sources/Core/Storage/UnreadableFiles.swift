import NIOConcurrencyHelpers

extension StorageError {
  /// Whether one file may be to blame (a bad sector, its permissions, a directory in its place), and not the storage as
  /// a whole.
  var mayBeOfOneFile: Bool {
    switch code {
    case .denied, .failed, .wrongKind, .irregular, .tooLarge: true
    case .notFound, .busy, .full, .unavailable, .cancelled: false
    }
  }
}

/// Files that can't be read, among many that make up a list: they are reported and left out, so that one of them does
/// not make the list fail for ever.
///
/// A storage that fails as a whole makes the list fail: an incomplete list must not pass for a complete one. The two
/// are told apart by a small file that is written, synced and read, once in a second at the most.
final class UnreadableFiles: Sendable {
  private let driver: any StorageDriver
  private let damage: DamageLog?
  /// When the storage was last seen to work.
  private let seen = NIOLockedValueBox<ContinuousClock.Instant?>(nil)

  /// - Parameter damage: where a file that is left out is reported; nil: nowhere.
  init(_ driver: any StorageDriver, _ damage: DamageLog?) {
    self.driver = driver
    self.damage = damage
  }

  /// What `read` makes of each of `items`, in their order and several at a time; nil for what can't be read.
  /// - Throws: why the storage as a whole fails.
  func map<Item: Sendable, Answer: Sendable>(
    _ items: [Item], path: (Item) -> StoragePath,
    _ read: @escaping @Sendable (Item) async throws(StorageError) -> Answer
  ) async throws(StorageError) -> [Answer?] {
    let results = try await SideBySide.map(items, width: driver.concurrency) {
      item throws(StorageError) -> Result<Answer, StorageError> in
      do throws(StorageError) {
        return .success(try await read(item))
      } catch  where error.mayBeOfOneFile {
        return .failure(error)
      }
    }
    var answers: [Answer?] = []
    answers.reserveCapacity(items.count)
    for (item, result) in zip(items, results) {
      switch result {
      case .success(let answer): answers.append(answer)
      case .failure(let error):
        try await leaveOut(path(item), error)
        answers.append(nil)
      }
    }
    return answers
  }

  /// What `read` answers; nil where the file can't be read.
  /// - Throws: why the storage as a whole fails.
  func optional<Answer>(
    _ path: StoragePath, _ read: () async throws(StorageError) -> Answer?
  ) async throws(StorageError) -> Answer? {
    do {
      return try await read()
    } catch {
      try await leaveOut(path, error)
      return nil
    }
  }

  /// Reports a file that a list goes without.
  /// - Throws: `error`, where it is none of a single file.
  func leaveOut(_ path: StoragePath, _ error: StorageError) async throws(StorageError) {
    guard error.mayBeOfOneFile, await storageWorks() else { throw error }
    damage?.note(path, "can't be read (\(error))")
  }

  private func storageWorks() async -> Bool {
    let now = ContinuousClock.now
    if let seen = seen.withLockedValue({ $0 }), now - seen < .seconds(1) { return true }
    let content = Array("works\n".utf8)
    do {
      try await driver.put(content, at: StorageLayout.readabilityProbe, durability: .powerLoss)
      guard try await driver.content(at: StorageLayout.readabilityProbe, limit: 64) == content else { return false }
    } catch {
      return false
    }
    seen.withLockedValue { $0 = now }
    return true
  }
}
