import Synchronization

/// The time within which what was announced may be removed.
final class RemovalWindow: Sendable {
  private let end: ContinuousClock.Instant?
  /// When the notice was put, by the storage's clock (nanoseconds since 1970).
  let published: Int64
  private let failed = Atomic<Bool>(false)

  init(end: ContinuousClock.Instant, published: Int64) {
    self.end = end
    self.published = published
  }

  /// Without an end, where nothing needs to be announced.
  init() {
    end = nil
    published = .max
  }

  /// Whether a removal may yet begin.
  var isOpen: Bool { end.map { ContinuousClock.now < $0 } ?? true }

  /// Whether something may be removed later, of which it isn't known.
  var isUncertain: Bool { failed.load(ordering: .acquiring) }

  /// Removes what is at `path`, a file or a directory.
  /// - Returns: false where nothing is there.
  func remove(_ path: StoragePath, _ driver: any StorageDriver) async throws(StorageError) -> Bool {
    do {
      try await driver.delete(path, durability: .process)
      return true
    } catch  where error.code == .notFound {
      return false
    } catch {
      failed.store(true, ordering: .releasing)
      throw error
    }
  }
}
