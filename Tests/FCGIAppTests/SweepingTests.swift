import Drivers
import Logging
import TestSupport
import Testing

@testable import Core
@testable import FCGIApp

/// What the keeper sweeps at every start and once a day.
@Suite(.ownThread) struct SweepingTests {
  @Test func `permits of caches are swept though leftovers can't be, and that is told`() async throws {
    let clock = StagedDriver.Clock()
    let memory = InMemoryDriver()
    let permit = StorageLayout.cachePermit("host-1")
    try await CachePermitFile.open(1).write(permit, memory, durability: .process)
    for _ in 0..<9 { clock.passDay() }
    let driver = HookedDriver(StagedDriver(memory, clock)) { call throws(StorageError) in
      if call.name == "sweepLeftovers" { throw StorageError(.denied, "sweep") }
    }
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let error = await #expect(throws: StorageError.self) { try await Composition.sweep(driver, logger) }
    #expect(error?.code == .denied)
    #expect(try await memory.names(in: StorageLayout.cachePermits) == [])
  }
}
