import Core
import Drivers
import Foundation
import TestSupport
import Testing

/// What a failing disk leaves behind.
@Suite(.ownThread) struct FilesystemCallFailureTests {
  private let folder: TemporaryFolder
  private let driver: FilesystemDriver

  init() throws {
    folder = try TemporaryFolder()
    driver = try FilesystemDriver(rootDirectory: folder.path, maxThreads: 25, accelPrefix: nil)
  }

  private var everything: [String] { DriversTests.everything(in: folder.path) }

  @Test(arguments: [FailingCall.fsync, .pwrite, .close])
  func `a put that fails leaves the old content and nothing else`(call: FailingCall) async throws {
    try await driver.put("old", at: path("/dir/file"))
    let driver = driver
    try await failing(call, with: EIO) {
      await expect(.failed) { try await driver.put([1, 2], at: path("/dir/file"), durability: .powerLoss) }
      await expect(.failed) { try await driver.put([1, 2], at: path("/dir/new"), durability: .powerLoss) }
    }
    #expect(try await driver.text(path("/dir/file")) == "old")
    #expect(everything == ["dir", "dir/file"])
  }

  @Test func `a link that could not be synced is not left to be taken for one that lasts`() async throws {
    let driver = driver
    try await failing(.fsync, with: EIO) {
      await expect(.failed) { try await driver.put([1, 2], at: path("/dir/link"), durability: .selfChecking) }
    }
    // Where changes of names are kept in order, the directory was made first.
    #expect(everything.filter { $0 != "dir" }.isEmpty)
    try await driver.put([1, 2], at: path("/dir/link"), durability: .selfChecking)
    #expect(everything == ["dir", "dir/link"])
  }

  @Test func `a put that need not outlive a loss of power makes no sync`() async throws {
    let driver = driver
    try await failing(.fsync, with: EIO) {
      try await driver.put("new", at: path("/dir/file"))
      let writer = try await driver.writer(at: path("/upload"), appending: true)
      try await writer.write("text")
      try await writer.close()
      try await driver.delete(path("/dir/file"), durability: .process)
      try await driver.delete(path("/dir"), durability: .process)
    }
    #expect(everything == ["upload"])
  }

  @Test func `a move and a deletion say when the directory could not be synced`() async throws {
    try await driver.put("text", at: path("/from/file"))
    try await driver.put("text", at: path("/to/file"))
    let driver = driver
    try await failing(.fsync, with: EIO) {
      await expect(.failed) { try await driver.move(path("/from/file"), to: path("/to/file"), durability: .powerLoss) }
      await expect(.failed) { try await driver.delete(path("/to/file"), durability: .powerLoss) }
      await expect(.failed) { try await driver.delete(path("/to"), durability: .powerLoss) }
    }
    // The tree is out of sight all the same.
    #expect(try await driver.list(.root) == ["from"])
  }

  @Test func `an upload that could not be synced is neither committed nor trusted again`() async throws {
    let driver = driver
    try await failing(.fsync, with: EIO) {
      let writer = try await driver.writer(at: path("/upload"), appending: true)
      try await writer.write("text")
      await expect(.failed) { try await writer.commit(to: path("/blobs/data")) }
    }
    #expect(everything.isEmpty)
  }

  @Test func `a write that fails is told, and the size is what is in the file`() async throws {
    let driver = driver
    try await driver.append("before", to: path("/upload"))
    try await failing(.pwrite, with: EIO) {
      let writer = try await driver.writer(at: path("/upload"), appending: true)
      await expect(.failed) { try await writer.write("text") }
      #expect(writer.size == 6)
    }
    #expect(try await driver.text(path("/upload")) == "before")
  }

  @Test func `a close that fails is told`() async throws {
    let driver = driver
    try await failing(.close, with: EDQUOT) {
      let writer = try await driver.writer(at: path("/upload"), appending: true)
      try await writer.write("text")
      await expect(.full) { try await writer.close() }
    }
  }

  @Test(arguments: [EMFILE, ENFILE, ENOMEM])
  func `without a free descriptor the storage is unavailable`(code: Int32) async throws {
    try await driver.put("text", at: path("/file"))
    let driver = driver
    try await failing(.openat2, with: code) {
      await expect(.unavailable) { _ = try await driver.content(at: path("/file"), limit: 10) }
      await expect(.unavailable) { _ = try await driver.reader(at: path("/file"), from: 0) }
      await expect(.unavailable) { _ = try await driver.list(.root) }
      await expect(.unavailable) { _ = try await driver.writer(at: path("/file"), appending: true) }
      await expect(.unavailable) { try await driver.put("new", at: path("/file")) }
    }
    #expect(try await driver.text(path("/file")) == "text")
  }
}
