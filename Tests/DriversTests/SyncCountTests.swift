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

  /// An operation, and what it syncs: `content`, or the directories by their paths.
  struct Expectation: Sendable {
    let name: String
    /// Whether it is another process' that has synced nothing yet.
    let byAnother: Bool
    let synced: [TestDisk.Promise: [String]]
    let operation: @Sendable (FilesystemDriver) async throws -> Void

    init(
      _ name: String, byAnother: Bool = false, inOrder: [String], none: [String],
      _ operation: @escaping @Sendable (FilesystemDriver) async throws -> Void
    ) {
      self.name = name
      self.byAnother = byAnother
      synced = [.inOrder: inOrder, .none: none]
      self.operation = operation
    }
  }

  /// One after the other, on one storage. The file system is new, so that every directory is young.
  private static let expectations: [Expectation] = [
    Expectation("put, process", inOrder: [], none: []) { driver in
      try await driver.put([1], at: path("/a/b/file"), durability: .process)
    },
    Expectation(
      "put, powerLoss, a file that is new", inOrder: ["staged", "/a/b"], none: ["staged", "/a/b", "/a", "/"]
    ) { driver in
      try await driver.put([1], at: path("/a/b/new"), durability: .powerLoss)
    },
    Expectation(
      "put, powerLoss, over a file", inOrder: ["staged", "/a/b"], none: ["staged", "/a/b"]
    ) { driver in
      try await driver.put([2], at: path("/a/b/new"), durability: .powerLoss)
    },
    Expectation(
      "put, powerLoss, in directories that are missing", inOrder: ["staged", "/a/c/d"],
      none: ["staged", "/a/c/d", "/a/c", "/a"]
    ) { driver in
      try await driver.put([1], at: path("/a/c/d/new"), durability: .powerLoss)
    },
    Expectation("put, withNext", inOrder: ["staged"], none: ["staged", "/a/b"]) {
      driver in
      try await driver.put([1], at: path("/a/b/content"), durability: .withNext)
    },
    Expectation(
      "put, selfChecking, a link that is new, in directories that are missing", inOrder: ["/a/e/f/link"],
      none: ["staged", "/a/e/f", "/a/e", "/a"]
    ) { driver in
      try await driver.put([1], at: path("/a/e/f/link"), durability: .selfChecking)
    },
    Expectation(
      "put, selfChecking, over a link", inOrder: ["staged", "/a/e/f"], none: ["staged", "/a/e/f"]
    ) { driver in
      try await driver.put([2], at: path("/a/e/f/link"), durability: .selfChecking)
    },
    Expectation("writing and closing an upload", inOrder: [], none: []) { driver in
      try await driver.append("text", to: path("/a/upload"))
    },
    Expectation(
      "commit, in directories that are missing", inOrder: ["/a/upload"], none: ["/a/upload", "/a/g", "/a"]
    ) { driver in
      let writer = try await driver.writer(at: path("/a/upload"), appending: true)
      try await writer.commit(to: path("/a/g/data"))
    },
    Expectation("move, process", inOrder: [], none: []) { driver in
      try await driver.move(path("/a/g/data"), to: path("/a/g/moved"), durability: .process)
    },
    Expectation("move, powerLoss", inOrder: ["/a/b"], none: ["/a/b"]) { driver in
      try await driver.move(path("/a/g/moved"), to: path("/a/b/moved"), durability: .powerLoss)
    },
    Expectation(
      "settle, a name that is young", inOrder: ["/a/b/moved"], none: ["/a/b/moved", "/a/b"]
    ) { driver in
      try await driver.settle(path("/a/b/moved"))
    },
    Expectation("touch", inOrder: [], none: []) { driver in
      try await driver.touch(path("/a/b/moved"))
    },
    Expectation("delete, withNext", byAnother: true, inOrder: [], none: ["/a/b"]) { driver in
      try await driver.delete(path("/a/b/moved"), durability: .withNext)
    },
    Expectation(
      "delete, powerLoss, a file", byAnother: true, inOrder: ["/a/b"], none: ["/a/b"]
    ) { driver in
      try await driver.delete(path("/a/b/new"), durability: .powerLoss)
    },
    Expectation(
      "put, powerLoss, in directories that another process has made", byAnother: true, inOrder: ["staged", "/a/b"],
      none: ["staged", "/a/b", "/a", "/"]
    ) { driver in
      try await driver.put([1], at: path("/a/b/others"), durability: .powerLoss)
    },
    Expectation("delete, powerLoss, a tree", byAnother: true, inOrder: ["/a"], none: ["/a"]) {
      driver in
      try await driver.delete(path("/a/b"), durability: .powerLoss)
    },
    Expectation("delete, process", inOrder: [], none: []) { driver in
      try await driver.delete(path("/a"), durability: .process)
    },
    Expectation("prune, sweepLeftovers", inOrder: [], none: []) { driver in
      try await driver.prune(path("/a/c/d"), below: .root)
      _ = try await driver.sweepLeftovers(olderThan: .zero)
    },
  ]

  @Test func `without a journal, the end of each directory is synced before another one can have its place`()
    async throws
  {
    try disk.mount(.ext4(options: ["-O", "^has_journal"]))
    let driver = try disk.driver(below: "root")
    let root = disk.path + "/root"
    for name in ["a/b/1", "a/b/2", "a/c/3", "d/e/f/4"] {
      try await driver.put([1], at: path("/\(name)"), durability: .process)
    }
    let paths = try await synced {
      try await driver.delete(path("/a"), durability: .process)
      try await driver.delete(path("/d/e/f/4"), durability: .process)
      try await driver.prune(path("/d/e/f"), below: path("/d"))
    }.map { $0.dropFirst(root.count).replacingOccurrences(of: " (deleted)", with: "") }
    #expect(paths.count == 5)
    #expect(paths.suffix(2) == ["/d/e/f", "/d/e"])
    #expect(paths.prefix(3).allSatisfy { $0.hasPrefix("/~staging/") })
  }

  @Test(arguments: TestDisk.Promise.allCases)
  func `each operation syncs what it must, and no more`(promise: TestDisk.Promise) async throws {
    try disk.mount(promise)
    let driver = try disk.driver(below: "root")
    let root = disk.path + "/root"
    for expectation in Self.expectations {
      let actor = expectation.byAnother ? try disk.driver(below: "root") : driver
      let paths = try await synced { try await expectation.operation(actor) }.map { path in
        path.hasPrefix(root + "/~staging/") ? "staged" : path == root ? "/" : String(path.dropFirst(root.count))
      }
      #expect(paths == expectation.synced[promise], "\(expectation.name)")
    }
  }
}
