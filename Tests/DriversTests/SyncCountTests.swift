import Core
import Drivers
import Foundation
import TestSupport
import Testing

/// What each operation syncs, on real file systems of both kinds: no more than it needs, and never less.
@Suite(.ownThread, .enabled(if: geteuid() == 0, "mounting a file system takes root"))
struct SyncCountTests {
  private let disk: TestDisk

  init() throws {
    disk = try TestDisk()
  }

  /// A file system's promise about the order of changes.
  enum Order: CaseIterable {
    /// With a journal.
    case kept
    /// Without.
    case none

    var disk: TestDisk.Kind { self == .kept ? .ext4() : .ext4(options: ["-O", "^has_journal"]) }
  }

  /// An operation, and what it syncs: `content`, or the directories by their paths.
  struct Expectation: Sendable {
    let name: String
    let ordered: [String]
    let unordered: [String]
    let operation: @Sendable (FilesystemDriver) async throws -> Void

    init(
      _ name: String, ordered: [String], unordered: [String],
      _ operation: @escaping @Sendable (FilesystemDriver) async throws -> Void
    ) {
      self.name = name
      self.ordered = ordered
      self.unordered = unordered
      self.operation = operation
    }
  }

  /// One after the other, on one storage. The file system is new, so that every directory is young.
  private static let expectations: [Expectation] = [
    Expectation("put, process", ordered: [], unordered: []) { driver in
      try await driver.put([1], at: path("/a/b/file"), durability: .process)
    },
    Expectation(
      "put, powerLoss, a file that is new", ordered: ["staged", "/a/b"], unordered: ["staged", "/a/b", "/a", "/"]
    ) { driver in
      try await driver.put([1], at: path("/a/b/new"), durability: .powerLoss)
    },
    Expectation(
      "put, powerLoss, over a file", ordered: ["staged", "/a/b"], unordered: ["staged", "/a/b"]
    ) { driver in
      try await driver.put([2], at: path("/a/b/new"), durability: .powerLoss)
    },
    Expectation(
      "put, powerLoss, in directories that are missing", ordered: ["staged", "/a/c/d"],
      unordered: ["staged", "/a/c/d", "/a/c", "/a"]
    ) { driver in
      try await driver.put([1], at: path("/a/c/d/new"), durability: .powerLoss)
    },
    Expectation("put, withNext", ordered: ["staged"], unordered: ["staged", "/a/b"]) { driver in
      try await driver.put([1], at: path("/a/b/content"), durability: .withNext)
    },
    Expectation(
      "put, selfChecking, a link that is new, in directories that are missing", ordered: ["/a/e/f/link"],
      unordered: ["staged", "/a/e/f", "/a/e", "/a"]
    ) { driver in
      try await driver.put([1], at: path("/a/e/f/link"), durability: .selfChecking)
    },
    Expectation(
      "put, selfChecking, over a link", ordered: ["staged", "/a/e/f"], unordered: ["staged", "/a/e/f"]
    ) { driver in
      try await driver.put([2], at: path("/a/e/f/link"), durability: .selfChecking)
    },
    Expectation("writing and closing an upload", ordered: [], unordered: []) { driver in
      try await driver.append("text", to: path("/a/upload"))
    },
    Expectation(
      "commit, in directories that are missing", ordered: ["/a/upload"], unordered: ["/a/upload", "/a/g", "/a"]
    ) { driver in
      let writer = try await driver.writer(at: path("/a/upload"), appending: true)
      try await writer.commit(to: path("/a/g/data"))
    },
    Expectation("move, process", ordered: [], unordered: []) { driver in
      try await driver.move(path("/a/g/data"), to: path("/a/g/moved"), durability: .process)
    },
    Expectation("move, powerLoss", ordered: ["/a/b"], unordered: ["/a/b"]) { driver in
      try await driver.move(path("/a/g/moved"), to: path("/a/b/moved"), durability: .powerLoss)
    },
    Expectation("settle, a name that is young", ordered: ["/a/b/moved"], unordered: ["/a/b/moved", "/a/b"]) { driver in
      try await driver.settle(path("/a/b/moved"))
    },
    Expectation("touch", ordered: [], unordered: []) { driver in
      try await driver.touch(path("/a/b/moved"))
    },
    Expectation("delete, withNext", ordered: [], unordered: ["/a/b"]) { driver in
      try await driver.delete(path("/a/b/moved"), durability: .withNext)
    },
    Expectation("delete, powerLoss, a file", ordered: ["/a/b"], unordered: ["/a/b"]) { driver in
      try await driver.delete(path("/a/b/new"), durability: .powerLoss)
    },
    Expectation("delete, powerLoss, a tree", ordered: ["/a"], unordered: ["/a"]) { driver in
      try await driver.delete(path("/a/b"), durability: .powerLoss)
    },
    Expectation("delete, process", ordered: [], unordered: []) { driver in
      try await driver.delete(path("/a"), durability: .process)
    },
    Expectation("prune, sweepLeftovers", ordered: [], unordered: []) { driver in
      try await driver.prune(path("/a/c/d"), below: .root)
      _ = try await driver.sweepLeftovers(olderThan: .zero)
    },
  ]

  @Test(arguments: Order.allCases)
  func `each operation syncs what it must, and no more`(order: Order) async throws {
    try disk.mount(order.disk)
    let driver = try disk.driver(below: "root")
    let root = disk.path + "/root"
    for expectation in Self.expectations {
      let paths = try await synced { try await expectation.operation(driver) }.map { path in
        path.hasPrefix(root + "/~staging/") ? "staged" : path == root ? "/" : String(path.dropFirst(root.count))
      }
      #expect(paths == (order == .kept ? expectation.ordered : expectation.unordered), "\(expectation.name)")
    }
  }
}
