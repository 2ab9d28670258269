import Core
import Testing

extension StorageDriverContract {
  /// In the order of a walk.
  private static let tree = [
    "/A", "/a", "/a/b", "/a/b-c", "/a/b-c/1", "/a/b/1", "/a/b/2", "/a0", "/a0/1", "/z",
  ].sorted { $0.split(separator: "/").lexicographicallyPrecedes($1.split(separator: "/")) }

  private func planted(_ kind: DriverKind) async throws -> StorageUnderTest {
    let storage = try storage(kind)
    for file in ["/A", "/a/b-c/1", "/a/b/1", "/a/b/2", "/a0/1", "/z"] {
      try await storage.driver.put("", at: path(file))
    }
    return storage
  }

  @Test(arguments: DriverKind.allCases)
  func `walks a directory before what is in it, names in the order of bytes`(kind: DriverKind) async throws {
    let driver = try await planted(kind).driver
    #expect(try await driver.walked(.root) == Self.tree)
    #expect(try await driver.walked(path("/a/b")) == ["/a/b/1", "/a/b/2"])
    await expect(kind.hasDirectories ? .wrongKind : .notFound) { _ = try await driver.walked(path("/z")) }
  }

  @Test(arguments: DriverKind.allCases)
  func `starts after any path`(kind: DriverKind) async throws {
    let driver = try await planted(kind).driver
    for (index, start) in Self.tree.enumerated() {
      #expect(try await driver.walked(.root, startingAfter: path(start)) == Array(Self.tree[(index + 1)...]))
    }
    // From where nothing is (any more).
    #expect(try await driver.walked(.root, startingAfter: path("/a/b/1/x")).first == "/a/b/2")
    #expect(try await driver.walked(.root, startingAfter: path("/a/b/9/x")).first == "/a/b-c")
    #expect(try await driver.walked(.root, startingAfter: path("/zz")).isEmpty)
    #expect(try await driver.walked(.root, startingAfter: path("/-")) == Self.tree)
    // Outside what is walked.
    #expect(try await driver.walked(path("/a/b"), startingAfter: path("/A")) == ["/a/b/1", "/a/b/2"])
    #expect(try await driver.walked(path("/a/b"), startingAfter: path("/a")) == ["/a/b/1", "/a/b/2"])
    #expect(try await driver.walked(path("/a/b"), startingAfter: path("/a/b")) == ["/a/b/1", "/a/b/2"])
    #expect(try await driver.walked(path("/a/b"), startingAfter: path("/a0")).isEmpty)
  }

  @Test(arguments: DriverKind.allCases)
  func `skips what is below an entry, and stops`(kind: DriverKind) async throws {
    let driver = try await planted(kind).driver
    var visited = [String]()
    try await driver.walk(.root) { path, entry in
      visited.append(path.string)
      #expect(entry.isDirectory == ["/a", "/a/b", "/a/b-c", "/a0"].contains(path.string))
      if path.string == "/a0" { return .stop }
      return path.string == "/a/b" ? .skip : .continue
    }
    #expect(visited == ["/A", "/a", "/a/b", "/a/b-c", "/a/b-c/1", "/a0"])
  }

  @Test(arguments: DriverKind.allCases)
  func `leaves out what vanishes on the way`(kind: DriverKind) async throws {
    let driver = try await planted(kind).driver
    var visited = [String]()
    try await driver.walk(.root) { path, _ throws(StorageError) in
      visited.append(path.string)
      if path.string == "/a", let gone = StoragePath("/a0") { try await driver.delete(gone, durability: .process) }
      if path.string == "/a/b" { try await driver.delete(path, durability: .process) }
      return .continue
    }
    #expect(visited == ["/A", "/a", "/a/b", "/a/b-c", "/a/b-c/1", "/z"])
  }

  @Test(arguments: DriverKind.allCases)
  func `an error of the visitor ends the walk`(kind: DriverKind) async throws {
    let driver = try await planted(kind).driver
    await expect(.full) {
      try await driver.walk(.root) { _, _ throws(StorageError) in throw StorageError(.full, "visitor") }
    }
  }

  @Test(arguments: DriverKind.allCases)
  func `a cancelled task ends a walk and a read`(kind: DriverKind) async throws {
    let storage = try await planted(kind)
    let driver = storage.driver
    try await driver.put("content", at: path("/file"))
    await Task {
      withUnsafeCurrentTask { $0?.cancel() }
      await expect(.cancelled) { _ = try await driver.walked(.root) }
      await expect(.cancelled) { _ = try await driver.read(path("/file"), from: 0) }
      // What a request does to clean up behind itself goes on.
      await #expect(throws: Never.self) {
        let writer = try await driver.writer(at: path("/upload"), appending: true)
        try await writer.write("kept")
        try await writer.close()
        try await driver.delete(path("/a"), durability: .process)
      }
    }.value
    #expect(try await driver.text(path("/upload")) == "kept")
  }
}
