/// Removes a file that a request may claim at any moment: renames it aside, looks for a new claim, then removes it or
/// moves it back.
///
/// A request that misses the file moves it back, too. Proof: docs/internals/removals.md. On object stores, removals are
/// announced instead (``RemovalWatch``).
struct Condemnation {
  private let path: StoragePath
  private let aside: StoragePath
  private let driver: any StorageDriver

  /// Moves aside what is at `path`; nil where nothing is there.
  /// - Parameter run: a name that no other collection has, in letters and digits.
  init?(_ path: StoragePath, by run: String, _ driver: any StorageDriver) async throws(StorageError) {
    self.path = path
    self.driver = driver
    aside = StorageLayout.condemned(path, by: run)
    do {
      try await driver.move(path, to: aside, durability: .process)
    } catch  where error.code == .notFound {
      return nil
    }
  }

  /// When it was last claimed (nanoseconds since 1970); nil where a request has moved it back.
  func lastWanted() async throws(StorageError) -> Int64? {
    do {
      return try await driver.stat(aside).modified
    } catch  where error.code == .notFound {
      return nil
    }
  }

  /// Moves it back.
  func revoke() async throws(StorageError) {
    do {
      try await driver.move(aside, to: path, durability: .process)
    } catch  where error.code == .notFound {
      // A request has moved it back already.
    }
  }

  /// Removes it for good. A loss of power may bring it back.
  /// - Returns: false where a request has moved it back.
  func carryOut() async throws(StorageError) -> Bool {
    do {
      try await driver.delete(aside, durability: .process)
      return true
    } catch  where error.code == .notFound {
      return false
    }
  }

  /// Moves back what any collection has moved aside from `path`.
  /// - Returns: whether it is worth looking at `path` again.
  static func rescue(_ path: StoragePath, _ driver: any StorageDriver) async throws(StorageError) -> Bool {
    guard driver.removalTiming == nil else { return false }
    do {
      var isBack = false
      for name in try await driver.list(path.parent) {
        if name == path.lastComponent { isBack = true }
        guard name.hasPrefix(StorageLayout.condemnedPrefix), let aside = path.parent.appending(name) else { continue }
        isBack = true
        do {
          try await driver.move(aside, to: path, durability: .process)
        } catch  where error.code == .notFound {
          // It is gone, or back.
        }
      }
      return isBack
    } catch  where error.code == .notFound || error.code == .wrongKind || error.code == .irregular {
      return false
    }
  }
}
