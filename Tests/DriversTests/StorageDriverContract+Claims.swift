import Core
import TestSupport
import Testing

/// What claims and garbage collection rest on: times that say when something was last wanted, and steps that can't be
/// cut in two.
extension StorageDriverContract {
  /// The clock for files ticks every few milliseconds.
  private static let tick: Int64 = 20_000_000

  @Test(arguments: DriverKind.withDirectories)
  func `touch makes a file or directory as young as now, and changes nothing else`(kind: DriverKind) async throws {
    let storage = try storage(kind)
    try await storage.driver.put("text", at: path("/dir/file"))
    for path in [try path("/dir/file"), try path("/dir")] {
      let before = try await storage.driver.stat(path)
      try await Task.sleep(for: .milliseconds(50))
      let now = WallClock.now
      try await storage.elsewhere.touch(path)
      let after = try await storage.driver.stat(path)
      #expect(after.modified > before.modified)
      #expect(after.modified >= now - Self.tick && after.modified <= WallClock.now)
      #expect(after.isDirectory == before.isDirectory && after.size == before.size)
    }
    #expect(try await storage.driver.text(path("/dir/file")) == "text")
    await expect(.notFound) { try await storage.driver.touch(path("/dir/none")) }
    await expect(.notFound) { try await storage.driver.touch(path("/dir/file/below")) }
    #expect(try await storage.driver.walked(.root) == ["/dir", "/dir/file"])
  }

  @Test(arguments: DriverKind.withDirectories)
  func `a touched file takes its time along when it moves`(kind: DriverKind) async throws {
    let driver = try storage(kind).driver
    try await driver.put("text", at: path("/dir/data"))
    try await driver.touch(path("/dir/data"))
    let touched = try await driver.stat(path("/dir/data"))
    try await Task.sleep(for: .milliseconds(50))
    for (from, to) in [("/dir/data", "/dir/aside"), ("/dir/aside", "/dir/data")] {
      try await driver.move(path(from), to: path(to), durability: .process)
      #expect(try await driver.stat(path(to)) == touched)
    }
  }

  @Test(arguments: DriverKind.allCases)
  func `commit makes a content as young as now, however long ago its last byte came`(kind: DriverKind) async throws {
    let driver = try storage(kind).driver
    try await driver.append("text", to: path("/upload"))
    let written = try await driver.stat(path("/upload")).modified
    let writer = try await driver.writer(at: path("/upload"), appending: true)
    try await Task.sleep(for: .milliseconds(50))
    let now = WallClock.now
    try await writer.commit(to: path("/blobs/data"))
    let committed = try await driver.stat(path("/blobs/data")).modified
    // Object stores tell whole seconds.
    #expect(kind.hasDirectories ? committed > written : committed >= written)
    #expect(committed >= now - (kind.hasDirectories ? Self.tick : 1_000_000_000 + Self.tick))
  }

  @Test(arguments: DriverKind.withDirectories)
  func `settle changes nothing, and tells where nothing is there`(kind: DriverKind) async throws {
    let driver = try storage(kind).driver
    try await driver.put("text", at: path("/dir/file"))
    let before = try await driver.stat(path("/dir/file"))
    try await driver.settle(path("/dir/file"))
    #expect(try await driver.stat(path("/dir/file")) == before)
    #expect(try await driver.text(path("/dir/file")) == "text")
    await expect(.notFound) { try await driver.settle(path("/dir/none")) }
    await expect(.notFound) { try await driver.settle(path("/none/file")) }
    #expect(try await driver.walked(.root) == ["/dir", "/dir/file"])
  }

  @Test(arguments: DriverKind.withDirectories)
  func `prune removes what is empty, up to what isn't, and never the top`(kind: DriverKind) async throws {
    let storage = try storage(kind)
    let driver = storage.driver
    for file in ["/top/a/b/c/file", "/top/a/kept", "/other/file"] { try await driver.put("", at: path(file)) }
    try await driver.prune(path("/top/a/b/c"), below: path("/top"))
    #expect(try await driver.list(path("/top/a/b/c")) == ["file"])
    try await driver.delete(path("/top/a/b/c/file"), durability: .process)
    try await storage.elsewhere.prune(path("/top/a/b/c"), below: path("/top"))
    #expect(try await driver.walked(.root) == ["/other", "/other/file", "/top", "/top/a", "/top/a/kept"])
    try await driver.delete(path("/top/a/kept"), durability: .process)
    // From below what is gone already.
    try await driver.prune(path("/top/a/x/y"), below: path("/top"))
    #expect(try await driver.list(path("/top")).isEmpty)
    try await driver.prune(path("/top"), below: path("/top"))
    try await driver.prune(.root, below: .root)
    #expect(try await driver.list(path("/top")).isEmpty)
    // A file in the way is left alone.
    try await driver.prune(path("/other/file"), below: .root)
    #expect(try await driver.list(path("/other")) == ["file"])
    try await driver.prune(path("/top"), below: .root)
    #expect(try await driver.list(.root) == ["other"])
  }

  @Test(arguments: DriverKind.allCases)
  func `pruning never takes what others put into a directory at the same time`(kind: DriverKind) async throws {
    let storage = try storage(kind)
    try await onThreads(8) { index in
      let driver = index % 2 == 0 ? storage.driver : storage.elsewhere
      for round in 0..<100 {
        let directory = try path("/top/\(round % 3)/sub")
        if index < 3 {
          try await driver.prune(directory, below: path("/top"))
        } else {
          let file = try path("\(directory)/\(index)")
          if index % 2 == 0 {
            try await driver.put("x", at: file)
          } else {
            try await driver.append("x", to: path("/uploads/\(index)"))
            try await driver.move(path("/uploads/\(index)"), to: file, durability: .process)
          }
          #expect(try await driver.text(file) == "x")
          try await driver.delete(file, durability: .process)
        }
      }
    }
  }

  @Test(arguments: DriverKind.withDirectories, [Durability.process, .withNext, .powerLoss, .selfChecking])
  func `every durability does the same to see`(kind: DriverKind, durability: Durability) async throws {
    let storage = try storage(kind)
    try await storage.driver.put(Array("text".utf8), at: path("/a/file"), durability: durability)
    #expect(try await storage.elsewhere.text(path("/a/file")) == "text")
    try await storage.driver.move(path("/a/file"), to: path("/b/c/file"), durability: durability)
    #expect(try await storage.elsewhere.walked(.root) == ["/a", "/b", "/b/c", "/b/c/file"])
    try await storage.driver.put(Array("over".utf8), at: path("/b/other"), durability: durability)
    try await storage.driver.move(path("/b/other"), to: path("/b/c/file"), durability: durability)
    #expect(try await storage.elsewhere.text(path("/b/c/file")) == "over")
    try await storage.driver.delete(path("/b"), durability: durability)
    #expect(try await storage.elsewhere.walked(.root) == ["/a"])
  }

  @Test(arguments: DriverKind.withDirectories)
  func `of many who move one file aside and back, one succeeds at each step`(kind: DriverKind) async throws {
    let storage = try storage(kind)
    try await storage.driver.put("wanted", at: path("/dir/data"))
    try await onThreads(8) { index in
      let driver = index % 2 == 0 ? storage.driver : storage.elsewhere
      let (from, to) = index < 4 ? ("/dir/data", "/dir/aside.\(index)") : ("/dir/aside.\(index - 4)", "/dir/data")
      for _ in 0..<100 {
        do {
          try await driver.move(path(from), to: path(to), durability: .process)
        } catch let error as StorageError where error.code == .notFound {}
        #expect(try await driver.list(path("/dir")).count <= 1)
      }
    }
    let names = try await storage.driver.list(path("/dir"))
    #expect(names.count == 1)
    for name in names { #expect(try await storage.driver.text(path("/dir/\(name)")) == "wanted") }
  }

  @Test(arguments: DriverKind.allCases)
  func `a commit whose file was removed and begun anew is refused, and the destination stays`(
    kind: DriverKind
  ) async throws {
    let storage = try storage(kind)
    let upload = try path("/uploads/1/data")
    try await storage.driver.put("what was there", at: path("/blobs/data"))
    let writer = try await storage.driver.writer(at: upload, appending: true)
    try await writer.write("verified")
    try await storage.elsewhere.delete(path("/uploads/1"), durability: .process)
    let other = try await storage.elsewhere.writer(at: upload, appending: true)
    try await other.write("another's")
    await expect(.notFound) { try await writer.commit(to: path("/blobs/data")) }
    #expect(try await storage.driver.text(path("/blobs/data")) == "what was there")
    try await writer.cancel()
    try await other.commit(to: path("/blobs/other"))
    #expect(try await storage.driver.text(path("/blobs/other")) == "another's")
  }

  @Test(arguments: DriverKind.withDirectories)
  func `there is nothing to sweep after operations that ended`(kind: DriverKind) async throws {
    let driver = try storage(kind).driver
    #expect(try await driver.sweepLeftovers(olderThan: .zero) == 0)
    for durability in [Durability.process, .withNext, .powerLoss, .selfChecking] {
      try await driver.put([1], at: path("/tree/file"), durability: durability)
    }
    await expect(.wrongKind) { try await driver.put("x", at: path("/tree")) }
    let writer = try await driver.writer(at: path("/upload"), appending: true)
    try await writer.commit(to: path("/tree/blob"))
    try await driver.delete(path("/tree"), durability: .powerLoss)
    #expect(try await driver.sweepLeftovers(olderThan: .zero) == 0)
    #expect(try await driver.walked(.root).isEmpty)
  }
}
