import Core
import Foundation
import TestSupport
import Testing

@testable import Drivers

/// Symbolic links, and what is neither a file nor a directory, below the root of storage in a directory.
@Suite(.ownThread) struct FilesystemLinkTests {
  private let folder: TemporaryFolder
  private let outside: String
  private let root: String

  init() throws {
    folder = try TemporaryFolder()
    root = folder / "root"
    outside = folder / "outside"
    for directory in [root, outside, outside + "/dir"] {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
    }
    for file in ["/secret", "/dir/secret"] {
      try "secret".write(toFile: outside + file, atomically: true, encoding: .utf8)
    }
  }

  private func driver(_ way: PathLookup.Way) throws -> FilesystemDriver {
    try FilesystemDriver(
      rootDirectory: root, maxThreads: 25, accelPrefix: nil, makesRoot: false, way: way, patience: writerPatience)
  }

  private func link(_ name: String, to target: String) throws {
    #expect(symlink(target, root + "/" + name) == 0)
  }

  private var outsideIsUntouched: Bool {
    everything(in: outside) == ["dir", "dir/secret", "secret"]
      && (try? String(contentsOfFile: outside + "/secret", encoding: .utf8)) == "secret"
      && (try? String(contentsOfFile: outside + "/dir/secret", encoding: .utf8)) == "secret"
  }

  static let strict: [PathLookup.Way] = [.refusing, .stepping]

  @Test(arguments: strict)
  func `no symbolic link is followed, in the last place or above it`(way: PathLookup.Way) async throws {
    let driver = try driver(way)
    try link("file", to: outside + "/secret")
    try link("dir", to: outside + "/dir")
    try link("loop", to: ".")
    try link("dangling", to: outside + "/new")
    for name in ["/file", "/dir/secret", "/loop/loop/file", "/dangling"] {
      let file = try path(name)
      await expect(.irregular) { _ = try await driver.content(at: file, limit: 100) }
      await expect(.irregular) { _ = try await driver.reader(at: file, from: 0) }
      await expect(.irregular) { _ = try await driver.writer(at: file, appending: true) }
    }
    for name in ["/file", "/dir", "/loop", "/dangling"] {
      let file = try path(name)
      await expect(.irregular) { _ = try await driver.stat(file) }
      await expect(.irregular) { _ = try await driver.list(file) }
      await expect(.irregular) { _ = try await driver.changeToken(of: file) }
      try await driver.touch(file)
    }
    try await driver.put("mine", at: path("/mine"))
    await expect(.irregular) { try await driver.put("x", at: path("/dir/secret")) }
    await expect(.irregular) { try await driver.put("x", at: path("/dir/new/deep")) }
    await expect(.irregular) { try await driver.move(path("/mine"), to: path("/dir/secret"), durability: .powerLoss) }
    await expect(.irregular) { try await driver.move(path("/dir/secret"), to: path("/got"), durability: .process) }
    await expect(.irregular) { try await driver.delete(path("/dir/secret"), durability: .powerLoss) }
    await expect(.irregular) { try await driver.prune(path("/dir/empty"), below: .root) }
    #expect(outsideIsUntouched)
    #expect(try await driver.text(path("/mine")) == "mine")
  }

  @Test(arguments: strict)
  func `a link itself is replaced and removed like any file`(way: PathLookup.Way) async throws {
    let driver = try driver(way)
    for (name, target) in [("a", outside + "/secret"), ("b", outside + "/dir"), ("c", outside + "/dir")] {
      try link(name, to: target)
    }
    try await driver.put(Array("new".utf8), at: path("/a"), durability: .selfChecking)
    #expect(try await driver.text(path("/a")) == "new")
    let writer = try await driver.writer(at: path("/upload"), appending: true)
    try await writer.write("whole")
    try await writer.commit(to: path("/b"))
    #expect(try await driver.text(path("/b")) == "whole")
    try await driver.delete(path("/c"), durability: .powerLoss)
    await expect(.notFound) { _ = try await driver.stat(path("/c")) }
    #expect(outsideIsUntouched)
  }

  @Test(arguments: strict)
  func `a tree with links in it is removed, and nothing that they lead to`(way: PathLookup.Way) async throws {
    let driver = try driver(way)
    try await driver.put("text", at: path("/tree/deep/file"))
    try link("tree/deep/out", to: outside)
    try link("tree/loop", to: ".")
    #expect(mkfifo(root + "/tree/fifo", 0o600) == 0)
    try await driver.delete(path("/tree"), durability: .powerLoss)
    #expect(everything(in: root).isEmpty)
    #expect(outsideIsUntouched)
  }

  @Test(arguments: strict)
  func `the root may be a symbolic link, and lie behind one`(way: PathLookup.Way) async throws {
    #expect(symlink(folder.path, folder / "alias") == 0)
    #expect(symlink("alias/root", folder / "name") == 0)
    let driver = try FilesystemDriver(
      rootDirectory: folder / "name/", maxThreads: 25, accelPrefix: nil, makesRoot: true, way: way,
      patience: writerPatience)
    try await driver.put("text", at: path("/dir/file"))
    #expect(try await driver.text(path("/dir/file")) == "text")
    #expect(try await driver.list(.root) == ["dir"])
    #expect(FileManager.default.fileExists(atPath: root + "/dir/file"))
  }

  @Test func `where it is allowed, links are followed, and a loop ends`() async throws {
    let driver = try FilesystemDriver(
      rootDirectory: root, maxThreads: 25, accelPrefix: nil, makesRoot: false, followsSymlinks: true)
    try link("dir", to: outside + "/dir")
    try link("loop", to: ".")
    #expect(try await driver.text(path("/dir/secret")) == "secret")
    #expect(try await driver.list(path("/dir")) == ["secret"])
    try await driver.put("new", at: path("/dir/file"))
    #expect(try await driver.text(path("/dir/file")) == "new")
    try await driver.delete(path("/dir/file"), durability: .powerLoss)
    #expect(outsideIsUntouched)
    #expect(Set(try await driver.list(.root)) == ["dir", "loop"])
    await expect(.irregular) { _ = try await driver.list(path("/loop")) }
    await expect(.irregular) { _ = try await driver.list(path("/loop/loop")) }
  }

  /// What stands where a file was meant.
  enum Special: CaseIterable, Sendable {
    case fifo, socket, device

    func make(at path: String) throws {
      switch self {
      case .fifo: #expect(mkfifo(path, 0o666) == 0)
      case .socket: #expect(mknod(path, S_IFSOCK | 0o666, 0) == 0)
      case .device: #expect(mknod(path, S_IFCHR | 0o666, dev_t(1 << 8 | 5)) == 0)  // /dev/zero
      }
    }
  }

  @Test(arguments: strict, Special.allCases)
  func `what is neither a file nor a directory blocks no call, and is not taken for a file`(
    way: PathLookup.Way, special: Special
  ) async throws {
    if special == .device, geteuid() != 0 { return }
    let driver = try driver(way)
    let place = try path("/s")
    try special.make(at: root + "/s")
    do {
      _ = try await driver.content(at: place, limit: 100)
      Issue.record("it was read")
    } catch {
      // Of a device only as much is read as there may be.
      #expect(error.code == (special == .device ? .tooLarge : .irregular), "\(error)")
    }
    await expect(.irregular) { _ = try await driver.reader(at: place, from: 0) }
    await expect(.irregular) { _ = try await driver.writer(at: place, appending: true) }
    await expect(.irregular) { _ = try await driver.stat(place) }
    await expect(.wrongKind) { _ = try await driver.list(place) }
    try await driver.put("file", at: place)
    #expect(try await driver.text(place) == "file")
  }

  /// Deeper than a path can say, and than a stack or the descriptors of a process would last.
  @Test(arguments: strict)
  func `a tree of any depth is removed, with few descriptors`(way: PathLookup.Way) async throws {
    let driver = try driver(way)
    try await driver.put("text", at: path("/tree/file"))
    try FilesystemLinkTests.makeDeep(6000, in: root + "/tree")
    try await withSmallStack {
      try await driver.delete(path("/tree"), durability: .process)
    }
    #expect(everything(in: root).isEmpty)
    #expect(try FileManager.default.contentsOfDirectory(atPath: root + "/~staging").isEmpty)
  }

  /// Makes directories, each in the one before, with a file in each.
  static func makeDeep(_ depth: Int, in top: String) throws {
    var directory = open(top, O_RDONLY | O_DIRECTORY)
    for _ in 0..<depth {
      try #require(mkdirat(directory, "d", 0o777) == 0)
      let next = openat(directory, "d", O_RDONLY | O_DIRECTORY)
      close(openat(next, "file", O_WRONLY | O_CREAT, 0o666))
      close(directory)
      directory = next
    }
    close(directory)
  }
}

/// Runs `body` on a thread with the stack that workers' threads have.
private func withSmallStack(_ body: @escaping @Sendable () async throws -> Void) async throws {
  try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
    let thread = Thread {
      Task.immediate {
        do {
          try await body()
          continuation.resume()
        } catch {
          continuation.resume(throwing: error)
        }
      }
    }
    thread.stackSize = 512 << 10
    thread.start()
  }
}
