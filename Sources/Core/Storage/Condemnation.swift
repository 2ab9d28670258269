/// Content, or a link, that is to be taken away while anybody may come to want it.
///
/// Whoever takes it away moves it aside first, which is one step that nobody else can be in the middle of, and looks
/// only then whether it is wanted. Whoever wants it (`BlobStore.claim`) says so by its time of modification, and
/// looks, where it is missing, whether it was moved aside, and moves it back. So each of the two sees what the other
/// one did, whichever came first; and where a process dies between two steps, whatever was moved aside is still found.
///
/// Where nothing can be moved in one step, removals are announced instead (``RemovalWatch``), and nothing lies aside.
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

  /// When it was last said to be wanted (nanoseconds since 1970); nil where it has been moved back.
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
      // Someone was faster.
    }
  }

  /// Removes it for good. A loss of power may bring it back.
  /// - Returns: false where it has been moved back.
  func carryOut() async throws(StorageError) -> Bool {
    do {
      try await driver.delete(aside, durability: .process)
      return true
    } catch  where error.code == .notFound {
      return false
    }
  }

  /// Moves back whatever was moved aside from `path`, by whom ever.
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
