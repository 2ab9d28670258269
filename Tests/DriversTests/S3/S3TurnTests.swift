import TestSupport
import Testing

@testable import Core
@testable import Drivers

/// Turns of maintenance over an object store, where a lock is a lease.
@Suite(.ownThread) struct S3TurnTests {
  /// When the lease of the lock was written; nil: there is none.
  private func written(_ driver: S3Driver) async throws(StorageError) -> Int64? {
    let lock = StorageLayout.maintenanceLock("task")
    return try await driver.perform("find", lock) { () async throws(S3Failure) in
      try await driver.client.head(driver.keys.lease(lock))?.modified
    }
  }

  @Test(.timeLimit(.minutes(5)), arguments: [false, true])
  func `a turn is kept while its work is silent, and given back however that ends`(isCancelled: Bool) async throws {
    let driver = try S3Driver(
      RadosGateway.shared.get().store.configuration(), leaseLifetime: .seconds(3))
    let run = Task {
      try await MaintenanceTurn.perform("task", driver) { () async throws(StorageError) in
        let first = try await written(driver)
        #expect(first != nil)
        while try await written(driver) == first { try? await Task.sleep(for: .milliseconds(20)) }
        guard isCancelled else { return ((), isComplete: true) }
        withUnsafeCurrentTask { $0?.cancel() }
        throw StorageError(.cancelled, "work")
      }
    }
    if isCancelled {
      await #expect(throws: StorageError.self) { try await run.value }
    } else {
      guard case .done = try await run.value else {
        Issue.record("no turn")
        return
      }
    }
    #expect(try await written(driver) == nil)
  }

  @Test func `a lease that is renewed is another object, as those see who know no times`() async throws {
    let driver = try S3Driver(RadosGateway.shared.get().store.configuration())
    let path = StorageLayout.maintenanceLock("task")
    let lease = try await S3Lease.take(driver, path)
    var tags: Set<String> = []
    for _ in 0..<3 {
      #expect(try await lease.isHeld(renewing: true))
      tags.insert(try #require(try await driver.client.head(driver.keys.lease(path))).etag)
    }
    #expect(tags.count == 3)
    try await lease.giveBack()
    #expect(try await written(driver) == nil)
  }
}
