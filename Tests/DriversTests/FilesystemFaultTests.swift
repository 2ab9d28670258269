import Core
import Drivers
import Foundation
import Synchronization
import TestSupport
import Testing

/// Disks that are full or can't be written, as real file systems that the tests mount, which only root may.
@Suite(.ownThread, .enabled(if: geteuid() == 0, "mounting a file system takes root"))
struct FilesystemFaultTests {
  private let disk: TestDisk

  init() throws {
    disk = try TestDisk()
  }

  @Test func `a full disk is an error that leaves the old content`() async throws {
    // Large beside what a file system in memory counts late.
    try disk.mount(.memory("size=8m"))
    let driver = try disk.driver()
    try await driver.put("old", at: path("/dir/file"))
    for durability in [Durability.process, .powerLoss, .selfChecking] {
      await expect(.full) {
        try await driver.put([UInt8](repeating: 1, count: 9 << 20), at: path("/dir/file"), durability: durability)
      }
      #expect(try await driver.text(path("/dir/file")) == "old")
      #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path + "/dir") == ["file"])
    }
    try await whenThereIsRoom {
      try await driver.put([UInt8](repeating: 2, count: 256 << 10), at: path("/dir/file"), durability: .powerLoss)
    }
  }

  /// A file system may count late what was freed.
  private func whenThereIsRoom(_ operation: () async throws -> Void) async throws {
    let deadline = ContinuousClock.now + .seconds(120)
    while true {
      do {
        return try await operation()
      } catch let error as StorageError where error.code == .full && ContinuousClock.now < deadline {
        try await Task.sleep(for: .milliseconds(10))
      }
    }
  }

  @Test func `no inodes left is an error too, and passes`() async throws {
    try disk.mount(.memory("size=1m,nr_inodes=7"))
    let driver = try disk.driver()
    for name in ["1", "2", "3", "4"] { try await driver.put(name, at: path("/\(name)")) }
    try await driver.put("5", at: path("/5"))
    await expect(.full) { try await driver.put("x", at: path("/4")) }
    await expect(.full) { try await driver.put("x", at: path("/new/dir/file")) }
    await expect(.full) { _ = try await driver.writer(at: path("/upload"), appending: true) }
    try await driver.delete(path("/1"), durability: .powerLoss)
    try await driver.put("6", at: path("/4"))
    #expect(try await driver.walked(.root) == ["/2", "/3", "/4", "/5"])
  }

  @Test func `a writer on a full disk says how much is truly in the file, and goes on when there is room`() async throws
  {
    try disk.mount(.memory("size=1m"))
    let driver = try disk.driver()
    try await driver.put([UInt8](repeating: 9, count: 512 << 10), at: path("/ballast"), durability: .process)
    let writer = try await driver.writer(at: path("/upload"), appending: true)
    let content = (0..<(600 << 10)).map { UInt8(truncatingIfNeeded: $0 >> 10) }
    try await writer.write(content.span.extracting(first: 1000).bytes)
    await expect(.full) { try await writer.write(content.span.extracting(droppingFirst: 1000).bytes) }
    let held = Int(writer.size)
    #expect(held >= 1000 && held < content.count)
    #expect(try await driver.stat(path("/upload")).size == writer.size)
    #expect(try await driver.content(at: path("/upload"), limit: content.count) == Array(content[..<held]))
    try await driver.delete(path("/ballast"), durability: .process)
    try await writer.write(content.span.extracting(droppingFirst: held).bytes)
    try await writer.commit(to: path("/blobs/data"))
    #expect(try await driver.content(at: path("/blobs/data"), limit: content.count) == content)
  }

  @Test func `a full disk with a journal is told, in the middle of an upload too, and service resumes`() async throws {
    try disk.mount(.ext4(megabytes: 16))
    let driver = try disk.driver()
    try await driver.put([1], at: path("/dir/file"), durability: .powerLoss)
    let ballast = try await driver.writer(at: path("/ballast"), appending: true)
    let megabyte = [UInt8](repeating: 7, count: 1 << 20)
    await expect(.full) { while true { try await ballast.write(megabyte.span.bytes) } }
    await expect(.full) { while true { try await ballast.write(megabyte.span.extracting(first: 1024).bytes) } }
    try await ballast.close()
    for durability in [Durability.process, .withNext, .powerLoss, .selfChecking] {
      await expect(.full) { try await driver.put(megabyte, at: path("/dir/file"), durability: durability) }
      await expect(.full) { try await driver.put(megabyte, at: path("/dir/new"), durability: durability) }
    }
    let upload = try await driver.writer(at: path("/upload"), appending: true)
    await expect(.full) { try await upload.write(megabyte.span.bytes) }
    let held = upload.size
    #expect(try await driver.stat(path("/upload")).size == held)
    #expect(everything(in: disk.path).filter { $0 != "lost+found" } == ["ballast", "dir", "dir/file", "upload"])
    #expect(try await driver.content(at: path("/dir/file"), limit: 10) == [1])
    // What takes no room goes on.
    try await driver.touch(path("/dir/file"))
    try await driver.delete(path("/ballast"), durability: .powerLoss)
    try await whenThereIsRoom {
      try await upload.write(megabyte.span.extracting(droppingFirst: Int(upload.size)).bytes)
    }
    try await upload.commit(to: path("/blobs/data"))
    #expect(try await driver.content(at: path("/blobs/data"), limit: 1 << 20) == megabyte)
    try await whenThereIsRoom { try await driver.put(megabyte, at: path("/dir/new"), durability: .selfChecking) }
  }

  @Test func `a full table of inodes is told, what exists is still written to, and service resumes`() async throws {
    try disk.mount(.ext4(megabytes: 16, options: ["-N", "64"]))
    let driver = try disk.driver()
    try await driver.put([1], at: path("/dir/file"), durability: .powerLoss)
    try await driver.append("begun", to: path("/upload"))
    var count = 0
    await expect(.full) {
      while true {
        try await driver.put([2], at: path("/many/\(count)"), durability: .process)
        count += 1
      }
    }
    for durability in [Durability.process, .withNext, .powerLoss, .selfChecking] {
      await expect(.full) { try await driver.put([3], at: path("/dir/new"), durability: durability) }
      await expect(.full) { try await driver.put([3], at: path("/other/dir/new"), durability: durability) }
    }
    await expect(.full) { _ = try await driver.writer(at: path("/another"), appending: true) }
    // Upload and content are one file: nothing new is needed where the directory is there.
    let upload = try await driver.writer(at: path("/upload"), appending: true)
    try await upload.write(", and whole")
    await expect(.full) { try await upload.commit(to: path("/blobs/new/data")) }
    try await upload.commit(to: path("/dir/data"))
    #expect(try await driver.text(path("/dir/data")) == "begun, and whole")
    #expect(try await driver.list(path("/many")).count == count)
    #expect(everything(in: disk.path + "/~staging").isEmpty)
    try await driver.delete(path("/many"), durability: .powerLoss)
    try await whenThereIsRoom { try await driver.put([3], at: path("/other/dir/new"), durability: .selfChecking) }
  }

  @Test(arguments: TestDisk.Promise.allCases)
  func `a disk that turns read-only under an upload is told, and it goes on when it is back`(
    promise: TestDisk.Promise
  ) async throws {
    try disk.mount(promise)
    let driver = try disk.driver()
    try await driver.put("kept", at: path("/dir/file"))
    try await driver.append("begun", to: path("/upload"))
    try disk.remount("ro")
    await expect(.denied) { _ = try await driver.writer(at: path("/upload"), appending: true) }
    await expect(.denied) { try await driver.touch(path("/dir/file")) }
    await expect(.denied) { try driver.checkWritable() }
    for durability in [Durability.process, .withNext, .powerLoss, .selfChecking] {
      await expect(.denied) { try await driver.put([1], at: path("/dir/file"), durability: durability) }
      await expect(.denied) { try await driver.move(path("/upload"), to: path("/dir/file"), durability: durability) }
      await expect(.denied) { try await driver.delete(path("/dir/file"), durability: durability) }
    }
    #expect(try await driver.text(path("/dir/file")) == "kept")
    #expect(try await driver.text(path("/upload")) == "begun")
    try disk.remount("rw")
    let writer = try await driver.writer(at: path("/upload"), appending: true)
    try await writer.write(", and whole")
    try await writer.commit(to: path("/dir/file"))
    #expect(try await driver.text(path("/dir/file")) == "begun, and whole")
    #expect(everything(in: disk.path + "/~staging").isEmpty)
  }

  @Test func `a disk that can't be written is denied, and still read`() async throws {
    try disk.mount(.memory("size=1m"))
    let driver = try disk.driver()
    try await driver.put("text", at: path("/dir/file"))
    try disk.remount("ro")
    await expect(.denied) { try await driver.put("x", at: path("/dir/file")) }
    await expect(.denied) { try await driver.put("x", at: path("/new/file")) }
    await expect(.denied) { _ = try await driver.writer(at: path("/dir/file"), appending: true) }
    await expect(.denied) { _ = try await driver.writer(at: path("/new/file"), appending: true) }
    await expect(.denied) { try await driver.move(path("/dir/file"), to: path("/new/file"), durability: .powerLoss) }
    await expect(.denied) { try await driver.delete(path("/dir/file"), durability: .powerLoss) }
    await expect(.denied) { try await driver.delete(path("/dir"), durability: .powerLoss) }
    #expect(try await driver.text(path("/dir/file")) == "text")
    try disk.remount("rw")
    try await driver.put("new", at: path("/dir/file"))
  }

  @Test func `a writer that comes late never adds to what was committed`() async throws {
    // In memory a commit is fast enough to fall between another writer's open and its lock.
    try disk.mount(.memory("size=64m"))
    let driver = try disk.driver()
    let upload = try path("/upload")
    let committing = Atomic<Bool>(true)
    try await onThreads(9) { index in
      if index > 0 {
        while committing.load(ordering: .relaxed) {
          do { try await driver.append("late", to: upload) } catch let error as StorageError where error.code == .busy {
          }
        }
        return
      }
      defer { committing.store(false, ordering: .relaxed) }
      let deadline = ContinuousClock.now + .seconds(5)
      var round = 0
      while round < 300, ContinuousClock.now < deadline {
        do {
          let writer = try await driver.writer(at: upload, appending: true)
          try await writer.write("verified")
          try await writer.commit(to: path("/blobs/\(round)"))
          round += 1
        } catch let error as StorageError where error.code == .busy {}
      }
    }
    for blob in try await driver.walked(path("/blobs")) {
      #expect(try await driver.text(path(blob)).hasSuffix("verified"))
    }
  }

  @Test func `a mount that comes back is served again`() async throws {
    try disk.mount(.memory("size=1m"))
    let driver = try disk.driver(below: "root")
    try await driver.put("text", at: path("/file"))
    try disk.unmount()
    await expect(.unavailable) { _ = try await driver.text(path("/file")) }
    await expect(.unavailable) { try await driver.put("text", at: path("/file")) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path).isEmpty)
    try disk.mount(.memory("size=1m"))
    try FileManager.default.createDirectory(atPath: disk.path + "/root", withIntermediateDirectories: false)
    try await driver.put("again", at: path("/file"))
    #expect(try await driver.text(path("/file")) == "again")
  }
}
