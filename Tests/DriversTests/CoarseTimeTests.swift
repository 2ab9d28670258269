import Core
import Drivers
import Foundation
import TestSupport
import Testing

/// File systems that keep the times of changes in whole seconds.
@Suite(.ownThread, .enabled(if: geteuid() == 0, "mounting a file system takes root"))
struct CoarseTimeTests {
  @Test func `two changes of a directory within one second are told apart`() async throws {
    let disk = try TestDisk()
    try disk.mount(.ext4(options: ["-I", "128"]))
    let driver = try disk.driver()
    let directory = try #require(StoragePath("/dir"))
    for round in 0..<3 {
      // Early in a second, so that both changes fall into it.
      while WallClock.now % 1_000_000_000 > 200_000_000 { usleep(10_000) }
      try await driver.put([], at: try #require(directory.appending("first\(round)")), durability: .process)
      #expect(try await driver.stat(directory).modified % 1_000_000_000 == 0)
      usleep(200_000)
      let before = try await driver.changeToken(of: directory)
      try await driver.put([], at: try #require(directory.appending("second\(round)")), durability: .process)
      usleep(200_000)
      let after = try await driver.changeToken(of: directory)
      #expect(before == nil || before != after)
    }
    var settled: ChangeToken?
    for _ in 0..<600 where settled == nil {
      usleep(20_000)
      settled = try await driver.changeToken(of: directory)
    }
    #expect(settled != nil)
  }
}
