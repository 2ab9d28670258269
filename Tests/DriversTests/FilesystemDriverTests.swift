import Core
import Foundation
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Drivers

/// What only storage in a directory has.
@Suite(.ownThread) struct FilesystemDriverTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private static func driver(_ root: String, accelPrefix: String? = nil) throws -> FilesystemDriver {
    try FilesystemDriver(rootDirectory: root, maxThreads: 25, accelPrefix: accelPrefix)
  }

  @Test(
    arguments: [
      ("/_berth", "/_berth/docker/x"), ("/_berth/", "/_berth/docker/x"), ("/", "/docker/x"), ("", nil), (nil, nil),
    ] as [(String?, String?)])
  func `gives the web server an internal path`(prefix: String?, expected: String?) async throws {
    let url = try await Self.driver(folder.path, accelPrefix: prefix).directURL(
      for: path("/docker/x"), answering: DownloadRequest(clientAddress: "192.0.2.1"))
    #expect(url == expected.map { .internalPath($0) })
  }

  @Test(arguments: [true, false])
  func `who lets go of a file lets go, even where a process that is being started has it yet`(
    isClosed: Bool
  ) async throws {
    let driver = try Self.driver(folder.path)
    let writer = try await driver.writer(at: path("/uploads/data"), appending: true)
    // What a child has until it becomes another program.
    let inherited = (3..<1024).filter {
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)"))?
        .hasPrefix(folder.path + "/uploads") == true
    }.map { dup(Int32($0)) }
    #expect(inherited.count == 1)
    defer { for descriptor in inherited { close(descriptor) } }
    if isClosed {
      try await writer.close()
    } else {
      try await writer.write("whole")
      try await writer.commit(to: path("/blobs/data"))
    }
    let next = try await driver.writer(at: path(isClosed ? "/uploads/data" : "/blobs/data"), appending: true)
    try await next.cancel()
  }

  @Test(arguments: ["", "/", "///"])
  func `makes its root with all directories above it, whatever the slashes`(suffix: String) async throws {
    let driver = try Self.driver(folder / "new/deep/root" + suffix)
    try await driver.put("text", at: path("/file"))
    #expect(try await driver.list(.root) == ["file"])
    #expect(FileManager.default.fileExists(atPath: folder / "new/deep/root/file"))
  }

  @Test func `says why its root can't be made`() async throws {
    #expect(FileManager.default.createFile(atPath: folder / "file", contents: nil))
    let error = #expect(throws: StorageError.self) { try Self.driver(folder / "file/root") }
    #expect(error?.message.contains(folder / "file/root") == true)
  }

  @Test func `a root that vanished is an error, not an empty registry, and is not made anew`() async throws {
    let root = folder / "root"
    let driver = try Self.driver(root)
    try await driver.put("text", at: path("/dir/file"))
    let upload = try await driver.writer(at: path("/upload"), appending: true)
    try FileManager.default.moveItem(atPath: root, toPath: folder / "away")
    let file = try path("/dir/file")
    let operations: [() async throws -> Void] = [
      { _ = try await driver.content(at: file, limit: 10) }, { _ = try await driver.reader(at: file, from: 0) },
      { _ = try await driver.stat(file) }, { _ = try await driver.list(path("/dir")) },
      { _ = try await driver.list(.root) }, { _ = try await driver.changeToken(of: path("/dir")) },
      { try await driver.put("new", at: file) },
      { try await driver.put([], at: path("/new"), durability: .powerLoss) },
      { _ = try await driver.writer(at: file, appending: true) },
      { try await driver.move(file, to: path("/new"), durability: .powerLoss) },
      { try await driver.delete(file, durability: .powerLoss) }, { try await upload.commit(to: path("/blobs/1")) },
    ]
    for operation in operations {
      let error = await #expect(throws: StorageError.self) { try await operation() }
      #expect(error?.code == .unavailable)
      #expect(error?.description.contains(root) == true)
    }
    #expect(!FileManager.default.fileExists(atPath: root))
    try FileManager.default.moveItem(atPath: folder / "away", toPath: root)
    #expect(try await driver.text(file) == "text")
    try await driver.put("new", at: path("/dir/other"))
    #expect(try await driver.walked(.root) == ["/dir", "/dir/file", "/dir/other", "/upload"])
  }

  @Test func `hides names that no path can have, and removes them with their directory`() async throws {
    let driver = try Self.driver(folder.path)
    try await driver.put("text", at: path("/dir/file"))
    for leftover in ["~1f-2", "lost+found", "a b", "ü", ".nfs:1"] {
      #expect(FileManager.default.createFile(atPath: folder / "dir/" + leftover, contents: Data("torn".utf8)))
    }
    try FileManager.default.createDirectory(atPath: folder / "dir/~tree/below", withIntermediateDirectories: true)
    #expect(try await driver.list(path("/dir")) == ["file"])
    #expect(try await driver.walked(.root) == ["/dir", "/dir/file"])
    try await driver.delete(path("/dir"), durability: .powerLoss)
    #expect(everything(in: folder.path).isEmpty)
  }

  @Test(arguments: [true, false])
  func `deletes symbolic links, not what they lead to`(follows: Bool) async throws {
    let outside = try TemporaryFolder()
    #expect(FileManager.default.createFile(atPath: outside / "precious", contents: Data("kept".utf8)))
    let driver = try FilesystemDriver(
      rootDirectory: folder.path, maxThreads: 25, accelPrefix: nil, followsSymlinks: follows)
    try await driver.put("text", at: path("/tree/sub/file"))
    for link in ["link", "tree/link", "tree/sub/link"] {
      try FileManager.default.createSymbolicLink(atPath: folder / link, withDestinationPath: outside.path)
    }
    if follows { #expect(try await driver.text(path("/link/precious")) == "kept") }
    try await driver.delete(path("/tree"), durability: .powerLoss)
    try await driver.delete(path("/link"), durability: .powerLoss)
    #expect(everything(in: folder.path).isEmpty)
    #expect(FileManager.default.contents(atPath: outside / "precious") == Data("kept".utf8))
  }

  private func keeper(_ log: KeptLog.Lines) throws -> FilesystemDriver {
    try FilesystemDriver(
      rootDirectory: folder.path, maxThreads: 25, accelPrefix: nil, hasReserve: true,
      logger: Logger(label: "test") { _ in KeptLog(lines: log) })
  }

  @Test func `room that a process died over while it kept it is kept by the next`() async throws {
    let log = KeptLog.Lines()
    let driver = try keeper(log)
    try FileManager.default.createDirectory(atPath: folder / "~reserve", withIntermediateDirectories: false)
    try Data().write(to: URL(fileURLWithPath: folder / "~reserve/3"))
    try Data(count: 100).write(to: URL(fileURLWithPath: folder / "~reserve/4"))
    _ = try await driver.sweepLeftovers(olderThan: .zero)
    for index in 0..<SpaceReserve.count {
      #expect(Int(try FileStatus(of: folder / "~reserve/\(index)").st_size) == SpaceReserve.size)
    }
    #expect(log.all == [])
  }

  @Test func `where no room can be kept, leftovers are swept all the same, and it is said once`() async throws {
    let log = KeptLog.Lines()
    let driver = try keeper(log)
    try Data().write(to: URL(fileURLWithPath: folder / "~reserve"))
    try FileManager.default.createDirectory(atPath: folder / "~staging/left", withIntermediateDirectories: true)
    #expect(try await driver.sweepLeftovers(olderThan: .zero - .seconds(60)) == 1)
    #expect(try await driver.sweepLeftovers(olderThan: .zero) == 0)
    #expect(log.all.count == 1 && log.all.allSatisfy { $0.contains("~reserve") }, "\(log.all)")
  }

  @Test func `leaves nothing hidden behind, whether it succeeds or fails`() async throws {
    let driver = try Self.driver(folder.path)
    try await driver.put([1, 2, 3], at: path("/a/b/file"), durability: .powerLoss)
    await expect(.wrongKind) { try await driver.put([1], at: path("/a/b"), durability: .powerLoss) }
    let writer = try await driver.writer(at: path("/upload"), appending: true)
    await expect(.wrongKind) { try await writer.commit(to: path("/a")) }
    try await writer.commit(to: path("/a/blob"))
    try await driver.delete(path("/a/b"), durability: .powerLoss)
    #expect(everything(in: folder.path) == ["a", "a/blob"])
  }

  @Test func `what a process that died has left is swept once it is old, and not before`() async throws {
    let driver = try Self.driver(folder.path)
    try await driver.put("kept", at: path("/dir/file"))
    for leftover in ["file", "tree/below/file"] {
      let file = folder / "~staging/\(leftover)"
      try FileManager.default.createDirectory(
        atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      #expect(FileManager.default.createFile(atPath: file, contents: Data("torn".utf8)))
    }
    #expect(try await driver.sweepLeftovers(olderThan: .seconds(3600)) == 0)
    let age = Duration.milliseconds(200)
    let made = try FileStatus(of: folder / "~staging/tree").st_ctim.nanoseconds
    var swept = 0
    while swept < 2 {
      let before = WallClock.now
      swept += try await driver.sweepLeftovers(olderThan: age)
      if swept == 2 {
        #expect(WallClock.now - made >= age.nanoseconds)
      } else {
        #expect(before - made < age.nanoseconds)
      }
      try await Task.sleep(for: .milliseconds(5))
    }
    #expect(everything(in: folder.path) == ["dir", "dir/file"])
  }

  @Test func `without its root directory it waits for it`() async throws {
    let root = folder / "away"
    let driver = try FilesystemDriver(rootDirectory: root, maxThreads: 25, accelPrefix: nil, makesRoot: false)
    await expect(.unavailable) { _ = try await driver.text(path("/file")) }
    await expect(.unavailable) { try await driver.put("text", at: path("/file")) }
    #expect(!FileManager.default.fileExists(atPath: root))
    try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: false)
    try await driver.put([1], at: path("/file"), durability: .powerLoss)
    #expect(try await driver.list(.root) == ["file"])
  }

  @Test func `a writer in another process keeps this one out, until it ends`() async throws {
    let driver = try Self.driver(folder.path)
    try await driver.append("first", to: path("/uploads/data"))
    let holder = try ChildProcess([
      "/usr/bin/flock", "--no-fork", folder / "uploads/data", "/bin/sh", "-c",
      "echo > '\(folder / "held")'; exec cat /dev/zero > /dev/null",
    ])
    while !FileManager.default.fileExists(atPath: folder / "held") {
      try #require(holder.isRunning)
      try await Task.sleep(for: .milliseconds(5))
    }
    try await onThreads(1) { _ in
      await expect(.busy) { _ = try await driver.writer(at: path("/uploads/data"), appending: true) }
    }
    holder.stop(signal: SIGKILL)
    try await driver.append(", second", to: path("/uploads/data"))
    #expect(try await driver.text(path("/uploads/data")) == "first, second")
  }

  @Test func `gives no change token while the clock for files may not have ticked since the last change`() async throws
  {
    let driver = try Self.driver(folder.path)
    for number in 0..<50 {
      try await driver.put("", at: path("/dir/\(number)"))
      let token = try await driver.changeToken(of: path("/dir"))
      var now = timespec()
      clock_gettime(CLOCK_REALTIME, &now)
      let age = now.nanoseconds - (try await driver.stat(path("/dir")).modified)
      // A machine so busy that the time has passed proves nothing.
      if age < 100_000_000 { #expect(token == nil) }
    }
  }

  @Test func `no more operations are under way than threads are allowed`() async throws {
    let slots = Slots(3)
    let running = Counter()
    try await onThreads(16) { _ in
      for _ in 0..<50 {
        slots.take()
        let now = running.add(1)
        #expect(now <= 3)
        usleep(100)
        running.add(-1)
        slots.give()
      }
    }
  }

  @Test func `one thread at a time is enough for many`() async throws {
    let driver = try FilesystemDriver(rootDirectory: folder.path, maxThreads: 1, accelPrefix: nil)
    let writer = try await driver.writer(at: path("/slow/upload"), appending: true)
    try await onThreads(16) { index in
      for round in 0..<20 {
        try await driver.put("\(round)", at: path("/dir/\(index)"))
        #expect(try await driver.text(path("/dir/\(index)")) == "\(round)")
      }
    }
    try await writer.close()
  }

  @Test(
    arguments: [
      (ENOENT, .read, .notFound), (ENOTDIR, .stat, .notFound), (ENOENT, .move, .notFound), (ENOENT, .delete, .notFound),
      (ENOENT, .put, .unavailable), (ENOTDIR, .put, .wrongKind), (ENOTDIR, .move, .wrongKind),
      (EISDIR, .read, .wrongKind),
      (ENOSPC, .put, .full), (EDQUOT, .write, .full), (EFBIG, .write, .full), (EACCES, .read, .denied),
      (EPERM, .delete, .denied), (EROFS, .put, .denied), (EMFILE, .read, .unavailable), (ENFILE, .list, .unavailable),
      (ENOMEM, .read, .unavailable), (EAGAIN, .read, .unavailable), (EIO, .read, .failed), (EIO, .commit, .failed),
      (ENOTEMPTY, .move, .wrongKind), (ENOTEMPTY, .delete, .failed), (ENAMETOOLONG, .read, .failed),
    ] as [(Int32, FilesystemOperation, StorageError.Code)])
  func `the kernel's reasons have a meaning`(
    reason: (errno: Int32, operation: FilesystemOperation, code: StorageError.Code)
  ) {
    let error = StorageError(Errno(code: reason.errno), reason.operation, "read /path")
    #expect(error.code == reason.code)
    #expect(error.description == "read /path: \(String(cString: strerror(reason.errno)))")
  }
}

/// Counts across threads.
private final class Counter: Sendable {
  private let value = Mutex(0)

  @discardableResult
  func add(_ number: Int) -> Int {
    value.withLock {
      $0 += number
      return $0
    }
  }
}
