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
/// A storage that fails as a whole makes the list fail: an incomplete list must not look complete. To distinguish the
/// two, a small file is written, synced and read back, at most once a second. If nothing can be written (a read-only
/// mount, credentials that may only read, a full disk), it is only read.
final class UnreadableFiles: Sendable {
  private let driver: any StorageDriver
  private let damage: DamageLog?
  private let isReadOnly: Bool
  /// Whether the storage worked when that was last tried.
  private let verdict = NIOLockedValueBox<(works: Bool, at: ContinuousClock.Instant)?>(nil)

  /// - Parameters:
  ///   - damage: where a file that is left out is reported; nil: nowhere.
  ///   - isReadOnly: whether nothing may be written.
  init(_ driver: any StorageDriver, _ damage: DamageLog?, isReadOnly: Bool) {
    self.driver = driver
    self.damage = damage
    self.isReadOnly = isReadOnly
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

  /// Reports what a list goes without.
  /// - Parameter remedy: what mends it; see ``DamageLog/note(_:_:remedy:)``.
  /// - Throws: `error`, where it is none of a single file.
  func leaveOut(
    _ path: StoragePath, _ error: StorageError, remedy: DamageLog.Remedy = .push
  ) async throws(StorageError) {
    guard error.mayBeOfOneFile, await storageWorks() else { throw error }
    damage?.note(path, "can't be read (\(error))", remedy: remedy)
  }

  private func storageWorks() async -> Bool {
    let now = ContinuousClock.now
    if let verdict = verdict.withLockedValue({ $0 }), now - verdict.at < .seconds(1) { return verdict.works }
    let works: Bool
    do {
      try await probe()
      works = true
    } catch  where error.code == .cancelled {
      // It says nothing about the storage.
      return false
    } catch {
      works = false
    }
    verdict.withLockedValue { $0 = (works, now) }
    return works
  }

  private static let content = Array("works\n".utf8)

  /// Throws where the storage fails as a whole.
  private func probe() async throws(StorageError) {
    let path = StorageLayout.readabilityProbe
    let isWritten = try await writeProbe()
    let content = try await driver.state(at: path, limit: 64)
    if content == nil, !isWritten {
      // It was never written.
      _ = try await driver.list(StorageLayout.root)
    } else if content != Self.content {
      throw StorageError(.failed, "read \(path)", cause: "it is not what was written")
    }
  }

  /// - Returns: false where the storage takes nothing.
  private func writeProbe() async throws(StorageError) -> Bool {
    guard !isReadOnly else { return false }
    do {
      try await driver.putState(Self.content, at: StorageLayout.readabilityProbe, durability: .powerLoss)
      return true
    } catch  where error.code == .denied || error.code == .full {
      return false
    }
  }
}
