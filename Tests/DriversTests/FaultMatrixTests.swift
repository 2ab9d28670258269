import Core
import Drivers
import Foundation
import Synchronization
import TestSupport
import Testing

/// Every operation with every call that it makes failing in turn, for every reason: what is at its place is the old
/// content or the new one, whole; nothing is left beside it; and once the fault is gone, so is the error.
@Suite(.ownThread, .enabled(if: geteuid() == 0, "mounting a file system takes root"))
struct FaultMatrixTests {
  private let disk: TestDisk

  init() throws {
    disk = try TestDisk()
  }

  /// An operation on `/dir/place`, which holds "old" or nothing.
  struct Operation: Sendable {
    let name: String
    /// What is at the place once it has succeeded; nil: nothing.
    let result: String?
    /// Whether the place holds "old" before.
    let hasOld: Bool
    let run: @Sendable (FilesystemDriver) async throws -> Void
  }

  private static let operations: [Operation] = {
    var operations: [Operation] = []
    for hasOld in [false, true] {
      for durability in [Durability.process, .withNext, .powerLoss, .selfChecking] {
        operations.append(
          Operation(name: "put \(durability)", result: "new", hasOld: hasOld) { driver in
            try await driver.put(Array("new".utf8), at: path("/dir/place"), durability: durability)
          })
      }
      operations.append(
        Operation(name: "commit", result: "new", hasOld: hasOld) { driver in
          let writer = try await driver.writer(at: path("/uploads/1/data"), appending: false)
          try await writer.write("new")
          try await writer.commit(to: path("/dir/place"))
        })
      operations.append(
        Operation(name: "move", result: "new", hasOld: hasOld) { driver in
          if try await driver.walked(.root).contains("/source") {
            try await driver.move(path("/source"), to: path("/dir/place"), durability: .powerLoss)
          }
        })
    }
    operations += [
      Operation(name: "touch", result: "old", hasOld: true) { try await $0.touch(path("/dir/place")) },
      Operation(name: "settle", result: "old", hasOld: true) { try await $0.settle(path("/dir/place")) },
      Operation(name: "delete", result: nil, hasOld: true) { driver in
        try await driver.removing(path("/dir/place"))
      },
      Operation(name: "delete a tree", result: nil, hasOld: true) { driver in
        try await driver.removing(path("/dir"))
      },
    ]
    return operations
  }()

  private static let reasons: [(errno: Int32, code: StorageError.Code)] = [
    (EIO, .failed), (ENOSPC, .full), (EROFS, .denied), (EMFILE, .unavailable),
  ]

  @Test(arguments: TestDisk.Promise.allCases)
  func `whatever call fails, an operation happens or doesn't, and leaves nothing behind`(
    promise: TestDisk.Promise
  ) async throws {
    try disk.mount(promise)
    var trials = 0
    var failures = 0
    for operation in Self.operations {
      for call in FailingCall.allCases {
        for reason in Self.reasons {
          trials += 1
          let name = "\(operation.name)\(operation.hasOld ? " over a file" : "") with \(call): errno \(reason.errno)"
          let driver = try disk.driver(below: "\(trials)")
          if operation.hasOld { try await driver.put("old", at: path("/dir/place")) }
          if operation.name == "move" { try await driver.put("new", at: path("/source")) }
          let thrown = Mutex<StorageError.Code?>(nil)
          try await failing(call, with: reason.errno) {
            do {
              try await operation.run(driver)
            } catch let error as StorageError {
              thrown.withLock { $0 = error.code }
            }
          }
          let place = try await driver.textIfThere(path("/dir/place"))
          if let code = thrown.withLock({ $0 }) {
            failures += 1
            #expect(code == reason.code, "\(name)")
            #expect(place == operation.result || place == (operation.hasOld ? "old" : nil), "\(name): \(place ?? "-")")
          } else {
            #expect(place == operation.result, "\(name)")
          }
          // A tree that is out of sight, and can't be removed, is for the sweep.
          if operation.name == "delete a tree" { _ = try await driver.sweepLeftovers(olderThan: .zero) }
          let allowed: Set<String> = ["dir", "dir/place", "source", "uploads", "uploads/1", "uploads/1/data"]
          let left = everything(in: disk.path + "/\(trials)").filter { !allowed.contains($0) }
          #expect(left.isEmpty, "\(name) left \(left)")
          try await operation.run(driver)
          #expect(try await driver.textIfThere(path("/dir/place")) == operation.result, "\(name), again")
        }
      }
    }
    // The calls do fail.
    #expect(failures > trials / 4)
  }

  @Test func `a link to another file system is an error that says what to do`() async throws {
    try disk.mount(.memory("size=1m"))
    let folder = try TemporaryFolder()
    let driver = try FilesystemDriver(
      rootDirectory: folder / "root", maxThreads: 25, accelPrefix: nil, followsSymlinks: true)
    try FileManager.default.createSymbolicLink(atPath: folder / "root/elsewhere", withDestinationPath: disk.path)
    try await driver.append("text", to: path("/upload"))
    let writer = try await driver.writer(at: path("/upload"), appending: true)
    let operations: [() async throws -> Void] = [
      { try await driver.put([1], at: path("/elsewhere/dir/file"), durability: .process) },
      { try await driver.put([1], at: path("/elsewhere/dir/file"), durability: .selfChecking) },
      { try await writer.commit(to: path("/elsewhere/dir/file")) },
      { try await driver.move(path("/upload"), to: path("/elsewhere/dir/file"), durability: .process) },
    ]
    for operation in operations {
      let error = await #expect(throws: StorageError.self) { try await operation() }
      #expect(error?.code == .failed)
      #expect(
        error?.cause?.hasSuffix("all of the storage's root directory must be in one file system") == true)
    }
    #expect(try await driver.walked(path("/elsewhere")) == ["/elsewhere/dir"])
    #expect(try await driver.sweepLeftovers(olderThan: .zero) == 0)
    // What was there is read, and what was written is still where it was.
    #expect(try await driver.text(path("/upload")) == "text")
  }
}

extension FilesystemDriver {
  fileprivate func textIfThere(_ path: StoragePath) async throws(StorageError) -> String? {
    do {
      return try await text(path)
    } catch  where error.code == .notFound {
      return nil
    }
  }

  /// Removes what may be gone already.
  fileprivate func removing(_ path: StoragePath) async throws(StorageError) {
    do {
      try await delete(path, durability: .powerLoss)
    } catch  where error.code == .notFound {
    }
  }
}
