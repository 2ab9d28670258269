package import Core
import Synchronization

/// Counts what is asked of a driver.
package final class CountingDriver: ObservedDriver {
  package let base: any StorageDriver
  private let counts = Mutex<[String: Int]>([:])

  package init(_ base: any StorageDriver) {
    self.base = base
  }

  /// The calls since the last time, by name.
  package func takeCounts() -> [String: Int] {
    counts.withLock { counts in
      defer { counts = [:] }
      return counts
    }
  }

  private func count(_ call: String) {
    counts.withLock { $0[call, default: 0] += 1 }
  }

  package func willCall(_ call: DriverCall) async throws(StorageError) {
    count(call.name)
  }

  package func entries(of directory: StoragePath) async throws(StorageError) -> [DirectoryEntry] {
    count("entries")
    return try await base.entries(of: directory)
  }

  /// Not counted: no request makes it.
  package func sweepLeftovers(olderThan age: Duration) async throws(StorageError) -> Int {
    try await base.sweepLeftovers(olderThan: age)
  }

  package func directURL(
    for path: StoragePath, answering request: DownloadRequest
  ) async throws(StorageError) -> DirectURL? {
    count("directURL")
    return try await base.directURL(for: path, answering: request)
  }
}
