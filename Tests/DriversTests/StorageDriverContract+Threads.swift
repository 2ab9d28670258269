import Core
import Synchronization
import TestSupport
import Testing

extension StorageDriverContract {
  /// Long enough to be written in more than one piece.
  private static func version(_ number: Int) -> [UInt8] {
    [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 40_000 + number * 997)
  }

  @Test(arguments: DriverKind.allCases)
  func `nobody sees part of a content while 8 threads replace it`(kind: DriverKind) async throws {
    let storage = try storage(kind)
    let file = try path("/dir/file")
    try await storage.driver.put(Self.version(0), at: file, durability: .process)
    let writing = Atomic<Int>(8)
    try await onThreads(12) { index in
      let driver = index % 2 == 0 ? storage.driver : storage.elsewhere
      if index < 8 {
        defer { writing.subtract(1, ordering: .relaxed) }
        for round in 0..<40 {
          try await driver.put(
            Self.version(index), at: file, durability: round % 20 == 0 ? .powerLoss : .process)
        }
        return
      }
      while writing.load(ordering: .relaxed) > 0 {
        let content =
          index % 4 == 0
          ? try await driver.read(file, from: 0, capacity: 5_000) : try await driver.content(at: file, limit: 1 << 20)
        #expect(content == Self.version(Int(content.first ?? 255)))
        #expect(try await driver.list(path("/dir")) == ["file"])
      }
    }
  }

  @Test(arguments: DriverKind.allCases)
  func `puts, moves and deletes of one tree at a time`(kind: DriverKind) async throws {
    let storage = try storage(kind)
    try await onThreads(12) { index in
      let driver = index % 2 == 0 ? storage.driver : storage.elsewhere
      for round in 0..<50 {
        switch index % 4 {
        case 0, 1:
          try await driver.put("x", at: path("/tree/\(round % 3)/sub/file"))
        case 2:
          try await driver.put("x", at: path("/own/\(index)"))
          try await driver.move(
            path("/own/\(index)"), to: path("/tree/\(round % 3)/moved/\(index)"), durability: .powerLoss)
        default:
          do {
            try await driver.delete(path(round % 2 == 0 ? "/tree" : "/tree/\(round % 3)"), durability: .process)
          } catch let error as StorageError where error.code == .notFound {}
        }
      }
    }
    if kind.hasDirectories { try await storage.driver.delete(path("/own"), durability: .process) }
    try await storage.driver.put("x", at: path("/tree/file"))
    try await storage.driver.delete(path("/tree"), durability: .process)
    #expect(try await storage.driver.walked(.root).isEmpty)
  }

  @Test(arguments: DriverKind.allCases)
  func `many threads make the same directories at once`(kind: DriverKind) async throws {
    let storage = try storage(kind)
    try await onThreads(32) { index in
      for round in 0..<10 {
        try await storage.driver.put(
          [UInt8(index)], at: path("/\(round)/a/b/c/\(index)"), durability: index % 8 == 0 ? .powerLoss : .process)
      }
    }
    for round in 0..<10 {
      #expect(try await storage.elsewhere.list(path("/\(round)/a/b/c")).count == 32)
      #expect(try await storage.elsewhere.content(at: path("/\(round)/a/b/c/31"), limit: 1) == [31])
    }
  }
}
