import Core
import Glibc
import Testing

extension StorageDriverContract {
  @Test(arguments: DriverKind.allCases, [0, 1, 71, 16 << 10, (16 << 10) + 1, 3 << 20])
  func `gives back what was put, byte for byte`(kind: DriverKind, size: Int) async throws {
    let driver = try storage(kind).driver
    let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    try await driver.put(bytes, at: path("/a/b/c"), durability: .powerLoss)
    #expect(try await driver.content(at: path("/a/b/c"), limit: size) == bytes)
    #expect(try await driver.read(path("/a/b/c"), from: 0, capacity: 100_000) == bytes)
    if size > 0 {
      await expect(.tooLarge) { _ = try await driver.content(at: path("/a/b/c"), limit: size - 1) }
    }
  }

  @Test(arguments: DriverKind.allCases)
  func `replaces content, longer or shorter`(kind: DriverKind) async throws {
    let driver = try storage(kind).driver
    for text in ["first", "", "the second", "3"] {
      for durability in [Durability.process, .powerLoss, .selfChecking] {
        try await driver.put(Array(text.utf8), at: path("/file"), durability: durability)
        #expect(try await driver.text(path("/file")) == text)
      }
    }
    #expect(try await driver.list(.root) == ["file"])
  }

  @Test(
    arguments: DriverKind.allCases,
    [
      (0, "0123456789"), (1, "123456789"), (7, "789"), (9, "9"), (10, ""), (11, ""), (4096, ""),
      (Int64(1) << 62, ""), (Int64.max, ""),
    ] as [(Int64, String)])
  func `reads from an offset`(kind: DriverKind, range: (offset: Int64, text: String)) async throws {
    let driver = try storage(kind).driver
    try await driver.put("0123456789", at: path("/file"))
    for capacity in [1, 3, 10, 64] {
      let bytes = try await driver.read(path("/file"), from: range.offset, capacity: capacity)
      #expect(String(decoding: bytes, as: UTF8.self) == range.text)
    }
    #expect(try await driver.reader(at: path("/file"), from: range.offset).size == 10)
  }

  @Test(arguments: DriverKind.allCases)
  func `a reader keeps to the file that it opened`(kind: DriverKind) async throws {
    let driver = try storage(kind).driver
    try await driver.put("old content", at: path("/file"))
    let reader = try await driver.reader(at: path("/file"), from: 0)
    try await driver.put("new", at: path("/file"))
    let buffer = IOBuffer(capacity: 100)
    #expect(try await reader.read(into: buffer) == 11)
    #expect(buffer.bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) } == "old content")
    try await driver.delete(path("/file"), durability: .process)
    #expect(try await reader.read(into: buffer) == 0)
  }

  @Test(arguments: DriverKind.allCases)
  func `what is missing is not found, also below a file`(kind: DriverKind) async throws {
    let driver = try storage(kind).driver
    try await driver.put("", at: path("/file"))
    for missing in try [path("/none"), path("/none/below"), path("/file/below"), path("/file/below/that")] {
      await expect(.notFound) { _ = try await driver.content(at: missing, limit: 10) }
      await expect(.notFound) { _ = try await driver.reader(at: missing, from: 0) }
      await expect(.notFound) { _ = try await driver.stat(missing) }
      await expect(.notFound) { _ = try await driver.list(missing) }
      await expect(.notFound) { _ = try await driver.walked(missing) }
      if kind.hasDirectories { await expect(.notFound) { _ = try await driver.changeToken(of: missing) } }
      await expect(.notFound) { try await driver.delete(missing, durability: .powerLoss) }
      await expect(.notFound) { try await driver.move(missing, to: path("/to/here"), durability: .powerLoss) }
    }
    #expect(try await driver.list(.root) == ["file"])
  }

  @Test(arguments: DriverKind.withDirectories)
  func `a directory is no file, and a file no directory`(kind: DriverKind) async throws {
    let driver = try storage(kind).driver
    try await driver.put("text", at: path("/directory/file"))
    for directory in try [path("/directory"), .root] {
      await expect(.wrongKind) { _ = try await driver.content(at: directory, limit: 10) }
      await expect(.wrongKind) { _ = try await driver.reader(at: directory, from: 0) }
      await expect(.wrongKind) { _ = try await driver.writer(at: directory, appending: true) }
      await expect(.wrongKind) { try await driver.put("", at: directory) }
      await expect(.wrongKind) { try await driver.move(path("/directory/file"), to: directory, durability: .powerLoss) }
    }
    await expect(.wrongKind) { _ = try await driver.list(path("/directory/file")) }
    await expect(.wrongKind) { _ = try await driver.changeToken(of: path("/directory/file")) }
    await expect(.wrongKind) { try await driver.put("", at: path("/directory/file/below")) }
    await expect(.wrongKind) { _ = try await driver.writer(at: path("/directory/file/below"), appending: true) }
    #expect(try await driver.walked(.root) == ["/directory", "/directory/file"])
    #expect(try await driver.text(path("/directory/file")) == "text")
  }

  @Test(arguments: DriverKind.allCases)
  func `names differ by case`(kind: DriverKind) async throws {
    let driver = try storage(kind).driver
    try await driver.put("small", at: path("/dir/name"))
    try await driver.put("large", at: path("/dir/NAME"))
    try await driver.put("other", at: path("/DIR/name"))
    #expect(try await driver.text(path("/dir/name")) == "small")
    #expect(try await driver.text(path("/dir/NAME")) == "large")
    #expect(try await driver.text(path("/DIR/name")) == "other")
    await expect(.notFound) { _ = try await driver.stat(path("/Dir")) }
  }

  @Test(
    arguments: DriverKind.allCases,
    [
      String(repeating: "n", count: 255), ".hidden", "...", "....", "-", "--", "-rf", "_", "a.b-c_d", "0",
      "a-", ".-.", "current",
    ])
  func `takes odd names`(kind: DriverKind, name: String) async throws {
    let driver = try storage(kind).driver
    let file = try path("/\(name)/\(name)")
    try await driver.put(name, at: file)
    try await driver.put(name + name, at: file)
    #expect(try await driver.text(file) == name + name)
    try await driver.append("!", to: file)
    try await driver.move(file, to: path("/\(name)/2/\(name)"), durability: .powerLoss)
    #expect(try await driver.text(path("/\(name)/2/\(name)")) == name + name + "!")
    #expect(try await driver.walked(.root) == ["/\(name)", "/\(name)/2", "/\(name)/2/\(name)"])
    try await driver.delete(path("/\(name)"), durability: .powerLoss)
    #expect(try await driver.list(.root).isEmpty)
  }

  @Test(arguments: [
    "", "a", "//", "/a/", "/a//b", "/.", "/..", "/a/../b", "/a/.", "/~a", "/a b", "/a%2f", "/a\0", "/é", "/a\n",
    "/" + String(repeating: "n", count: 256), "/a+b", "/a:b", String(repeating: "/abcdefg", count: 513),
  ])
  func `no path is made of other names`(text: String) {
    #expect(StoragePath(text) == nil)
  }

  @Test(arguments: DriverKind.allCases)
  func `stat tells kind, size and time`(kind: DriverKind) async throws {
    let driver = try storage(kind).driver
    try await driver.put("12345", at: path("/dir/file"))
    let file = try await driver.stat(path("/dir/file"))
    #expect(!file.isDirectory)
    #expect(file.size == 5)
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let modified = Duration.nanoseconds(file.modified) - .seconds(now.tv_sec)
    #expect(modified > .seconds(-600) && modified < .seconds(60))
    for directory in try [path("/dir"), .root] {
      let entry = try await driver.stat(directory)
      #expect(entry.isDirectory)
      #expect(entry.size == 0)
      #expect(entry.modified > 0)
    }
  }
}
