import Drivers
import TestSupport
import Testing

@testable import Core

@Suite struct RepositoryTreeTests {
  private let driver = InMemoryDriver()
  private static let names = ["a", "a/b", "a/b/c", "a/d", "a-b", "b/c", "z.y/x_w"]

  private func visited(startingAt start: String? = nil, over driver: (any StorageDriver)? = nil) async throws
    -> [String]
  {
    var visited: [String] = []
    try await RepositoryTree(driver: driver ?? self.driver).forEach(
      startingAt: start.flatMap { RepositoryName($0) },
      visit: { entry in visited.append("\(entry.name):\(entry.parts.sorted().joined(separator: ","))") },
      failed: { path, _ in visited.append("! \(path.lastComponent)") })
    return visited
  }

  private func make() async throws {
    for (index, name) in Self.names.enumerated() {
      let name = try #require(RepositoryName(name))
      try await driver.put([], at: StorageLayout.repository(name) / "_layers" / "x", durability: .process)
      if index % 2 == 0 { try await driver.put([], at: StorageLayout.uploads(name) / "x", durability: .process) }
    }
    for other in ["Upper/_layers/x", "a/file", "_odd/_layers/x"] {
      let path = try #require(StoragePath("\(StorageLayout.repositories)/\(other)"))
      try await driver.put([], at: path, durability: .process)
    }
  }

  @Test func `every repository is visited once, with its parts, and nothing else`() async throws {
    #expect(try await visited() == [])
    try await make()
    #expect(
      try await visited() == [
        "a:_layers,_uploads", "a/b:_layers", "a/b/c:_layers,_uploads", "a/d:_layers", "a-b:_layers,_uploads",
        "b/c:_layers", "z.y/x_w:_layers,_uploads",
      ])
  }

  @Test func `a walk is taken up where another one stopped, whether that repository is still there or not`()
    async throws
  {
    try await make()
    let all = try await visited()
    for (index, name) in Self.names.enumerated() {
      #expect(try await visited(startingAt: name) == Array(all[index...]), "\(name)")
    }
    #expect(try await visited(startingAt: "a/c") == Array(all[3...]))
    #expect(try await visited(startingAt: "zz") == [])
  }

  @Test func `a directory that can't be listed is told of, and the rest is visited`() async throws {
    try await make()
    let failing = HookedDriver(driver) { call async throws(StorageError) in
      if call.path.lastComponent == "b" { throw StorageError(.failed, "list") }
    }
    let found = try await visited(over: failing)
    #expect(found.filter { $0.hasPrefix("!") } == ["! b", "! b"])
    #expect(found.contains("a/d:_layers"))
  }

  @Test func `what is below a repository whose visit fails is visited, and counted`() async throws {
    try await make()
    var visited: [String] = []
    var failures: [String] = []
    try await RepositoryTree(driver: driver).forEach { entry throws(StorageError) in
      visited.append(entry.name.description)
      if ["a", "a/b"].contains(entry.name.description) { throw StorageError(.failed, "visit") }
      if entry.name.description == "a-b" { throw StorageError(.notFound, "visit") }
    } failed: { path, _ in
      failures.append(String(path.lastComponent))
    }
    #expect(visited == Self.names && failures == ["a", "b"])
    await #expect(throws: StorageError.self) {
      try await RepositoryTree(driver: driver).forEach { _ throws(StorageError) in
        throw StorageError(.cancelled, "visit")
      } failed: { _, _ in
      }
    }
  }

  @Test(arguments: [1, 4])
  func `repositories are counted as they are visited`(concurrency: Int) async throws {
    try await make()
    let failing = HookedDriver(driver, concurrency: concurrency) { call async throws(StorageError) in
      if call.path.lastComponent == "x_w" { throw StorageError(.failed, "list") }
    }
    #expect(try await RepositoryTree(driver: failing).count() == Int64(Self.names.count - 1))
    #expect(try await RepositoryTree(driver: InMemoryDriver()).count() == 0)
  }
}
