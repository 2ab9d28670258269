package import Core
import Glibc
import Synchronization

/// A driver on whose stage a test can make things happen: time that passes, calls that fail, somebody who does
/// something between two calls of another one.
package final class StagedDriver: ObservedDriver {
  package typealias Call = DriverCall

  /// What several drivers over the same storage share.
  package final class Clock: Sendable {
    fileprivate let eras = Mutex<[Int64]>([])

    package init() {}

    /// Makes a day pass: what was modified before looks a day older, each time.
    package func passDay() {
      let now = WallClock.now
      eras.withLock { $0.append(now) }
      // The clock that file systems use lags behind.
      var tick = timespec()
      repeat { clock_gettime(CLOCK_REALTIME_COARSE, &tick) } while tick.tv_sec * 1_000_000_000 + tick.tv_nsec <= now
    }

    fileprivate func seen(_ modified: Int64) -> Int64 {
      eras.withLock { eras in modified - Int64(eras.count { modified < $0 }) * 86_400_000_000_000 }
    }
  }

  package typealias Hook = @Sendable (Call) async throws(StorageError) -> Void

  package let base: any StorageDriver
  private let clock: Clock
  private let before: Hook?

  /// - Parameter before: runs before each call, which fails if it does.
  package init(_ base: any StorageDriver, _ clock: Clock = Clock(), before: Hook? = nil) {
    self.base = base
    self.clock = clock
    self.before = before
  }

  package func willCall(_ call: DriverCall) async throws(StorageError) {
    try await before?(call)
  }

  package func stat(_ path: StoragePath) async throws(StorageError) -> StorageEntry {
    try await willCall(Call("stat", path))
    let entry = try await base.stat(path)
    var modified = clock.seen(entry.modified)
    // As object stores tell them.
    if removalTiming != nil { modified -= modified % 1_000_000_000 }
    return StorageEntry(isDirectory: entry.isDirectory, size: entry.size, modified: modified)
  }

  /// A call on the destination, where something appears.
  package func move(
    _ source: StoragePath, to destination: StoragePath, durability: Durability
  ) async throws(StorageError) {
    try await willCall(Call("move", destination, isMutation: true))
    try await base.move(source, to: destination, durability: durability)
  }
}
