import Core
import Testing

extension StorageDriverContract {
  @Test(arguments: DriverKind.allCases)
  func `lists the names of a directory, files and directories`(kind: DriverKind) async throws {
    let driver = try storage(kind).driver
    #expect(try await driver.list(.root).isEmpty)
    for number in 0..<300 { try await driver.put("", at: path("/dir/file-\(number)")) }
    try await driver.put("", at: path("/dir/sub/file"))
    let names = try await driver.list(path("/dir"))
    #expect(names.count == 301)
    #expect(Set(names) == Set((0..<300).map { "file-\($0)" } + ["sub"]))
    #expect(try await driver.list(.root) == ["dir"])
  }

  @Test(arguments: DriverKind.allCases)
  func `moves a file, over another one too`(kind: DriverKind) async throws {
    let driver = try storage(kind).driver
    try await driver.put("one", at: path("/from/file"))
    try await driver.move(path("/from/file"), to: path("/to/new/place"), durability: .powerLoss)
    #expect(try await driver.text(path("/to/new/place")) == "one")
    await expect(.notFound) { _ = try await driver.stat(path("/from/file")) }
    try await driver.put("two", at: path("/from/file"))
    try await driver.move(path("/from/file"), to: path("/to/new/place"), durability: .powerLoss)
    #expect(try await driver.text(path("/to/new/place")) == "two")
    try await driver.move(path("/to/new/place"), to: path("/to/new/place"), durability: .powerLoss)
    #expect(try await driver.text(path("/to/new/place")) == "two")
  }

  @Test(arguments: DriverKind.withDirectories)
  func `a move that fails changes nothing`(kind: DriverKind) async throws {
    let driver = try storage(kind).driver
    try await driver.put("file", at: path("/file"))
    try await driver.put("other", at: path("/other"))
    await expect(.notFound) { try await driver.move(path("/none"), to: path("/file"), durability: .powerLoss) }
    await expect(.notFound) { try await driver.move(path("/none"), to: path("/new/place"), durability: .powerLoss) }
    await expect(.notFound) { try await driver.move(path("/other/below"), to: path("/file"), durability: .powerLoss) }
    await expect(.wrongKind) { try await driver.move(path("/file"), to: path("/other/below"), durability: .powerLoss) }
    #expect(try await driver.walked(.root) == ["/file", "/other"])
    #expect(try await driver.text(path("/file")) == "file")
    #expect(try await driver.text(path("/other")) == "other")
  }

  @Test(arguments: DriverKind.allCases, [Durability.process, .powerLoss])
  func `deletes a file or a whole tree`(kind: DriverKind, durability: Durability) async throws {
    let driver = try storage(kind).driver
    for file in ["/a/1", "/a/b/2", "/a/b/c/3", "/a/b/c/d/4", "/ab/5"] { try await driver.put("", at: path(file)) }
    try await driver.delete(path("/a/b/2"), durability: durability)
    await expect(.notFound) { try await driver.delete(path("/a/b/2"), durability: durability) }
    try await driver.delete(path("/a/b"), durability: durability)
    await expect(.notFound) { _ = try await driver.text(path("/a/b/c/3")) }
    #expect(try await driver.walked(.root) == ["/a", "/a/1", "/ab", "/ab/5"])
    try await driver.put("again", at: path("/a/b/c/3"))
    #expect(try await driver.walked(path("/a")) == ["/a/1", "/a/b", "/a/b/c", "/a/b/c/3"])
    await expect(.denied) { try await driver.delete(.root, durability: durability) }
  }

  @Test(arguments: DriverKind.withDirectories)
  func `the change token follows what comes and goes in a directory`(kind: DriverKind) async throws {
    let storage = try storage(kind)
    let driver = storage.driver
    try await driver.put("", at: path("/dir/first"))
    let created = try await driver.settledToken(of: path("/dir"))
    #expect(try await driver.settledToken(of: path("/dir")) == created)
    try await driver.put("", at: path("/dir/second"))
    let added = try await driver.settledToken(of: path("/dir"))
    #expect(added != created)
    try await driver.delete(path("/dir/second"), durability: .process)
    let removed = try await driver.settledToken(of: path("/dir"))
    #expect(removed != added && removed != created)
    try await driver.put("", at: path("/dir/sub/file"))
    let deeper = try await driver.settledToken(of: path("/dir"))
    #expect(deeper != removed)
    try await driver.move(path("/dir/first"), to: path("/elsewhere"), durability: .powerLoss)
    let moved = try await driver.settledToken(of: path("/dir"))
    #expect(moved != deeper)
    try await storage.elsewhere.touch(path("/dir"))
    let touched = try await driver.settledToken(of: path("/dir"))
    #expect(touched != moved)
    try await driver.touch(path("/dir/sub/file"))
    #expect(try await driver.settledToken(of: path("/dir")) == touched)
    try await driver.delete(path("/dir"), durability: .process)
    try await driver.put("", at: path("/dir/sub/file"))
    #expect(try await driver.settledToken(of: path("/dir")) != touched)
  }

  @Test(arguments: DriverKind.withDirectories, [true, false])
  func `a change right after a token was given is never missed`(kind: DriverKind, isTouch: Bool) async throws {
    let driver = try storage(kind).driver
    for number in 0..<40 {
      try await driver.put("", at: path("/dir/\(number)"))
      let before = try await driver.changeToken(of: path("/dir"))
      if isTouch {
        try await driver.touch(path("/dir"))
      } else {
        try await driver.put("", at: path("/dir/\(number)-more"))
      }
      let after = try await driver.changeToken(of: path("/dir"))
      #expect(before == nil || before != after)
    }
  }

  @Test(arguments: DriverKind.allCases)
  func `entries are what the list names and stat says, of files, directories and what is being written`(
    kind: DriverKind
  ) async throws {
    let driver = try storage(kind).driver
    try await driver.put("four", at: path("/dir/file"))
    try await driver.put("x", at: path("/dir/below/file"))
    try await driver.append("seven..", to: path("/dir/upload"))
    let entries = try await driver.entries(of: path("/dir")).sorted { $0.name < $1.name }
    #expect(entries.map(\.name) == ["below", "file", "upload"])
    for (name, entry) in entries {
      let known = try await driver.stat(path("/dir/\(name)"))
      #expect(entry.isDirectory == known.isDirectory && entry.size == known.size)
      // A store may tell times of lists more exactly than those of objects.
      #expect(abs(entry.modified - known.modified) < 1_000_000_000 || entry.isDirectory)
    }
    await expect(.notFound) { _ = try await driver.entries(of: path("/nowhere")) }
  }
}

extension StorageDriver {
  /// The token once the driver can tell.
  fileprivate func settledToken(of directory: StoragePath) async throws -> ChangeToken {
    for _ in 0..<600 {
      if let token = try await changeToken(of: directory) { return token }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw StorageError(.failed, "no change token for \(directory)")
  }
}
