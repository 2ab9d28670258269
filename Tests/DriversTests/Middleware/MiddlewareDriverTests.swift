import Core
import Drivers
import TestSupport
import Testing

@Suite struct MiddlewareDriverTests {
  @Test func `everything but the way to files is the driver's`() async throws {
    let counting = CountingDriver(HookedDriver(InMemoryDriver()) { _ in })
    let driver = MiddlewareDriver(FixedURL(url: .internalPath("/own")), over: counting)
    #expect(driver.name == "inmemory")
    let file = try path("/a/b")
    try await driver.put([1, 2], at: file, durability: .process)
    #expect(try await driver.content(at: file, limit: 2) == [1, 2])
    #expect(try await driver.reader(at: file, from: 1).size == 2)
    let writer = try await driver.writer(at: path("/a/c"), appending: false)
    try await writer.close()
    #expect(try await driver.stat(file).size == 2)
    #expect(try await driver.list(path("/a")).sorted() == ["b", "c"])
    var names: [String] = []
    try await driver.forEachName(in: path("/a")) { names.append($0) }
    #expect(names.sorted() == ["b", "c"])
    try await driver.move(file, to: path("/a/d"), durability: .process)
    try await driver.touch(path("/a/d"))
    try await driver.settle(path("/a/d"))
    try await driver.delete(path("/a/d"), durability: .process)
    try await driver.prune(path("/a/e"), below: .root)
    #expect(try await driver.sweepLeftovers(olderThan: .zero) == 0)
    #expect(try await driver.changeToken(of: path("/a")) != nil)
    let direct = try await driver.directURL(for: file, answering: DownloadRequest(clientAddress: ""))
    #expect(direct == .internalPath("/own"))
    #expect(
      counting.takeCounts() == [
        "put": 1, "content": 1, "reader": 1, "writer": 1, "stat": 1, "list": 2, "move": 1, "touch": 1, "settle": 1,
        "delete": 1, "prune": 1, "changeToken": 1,
      ])
  }

  @Test func `a driver's own ways to list, to write and to remove stay its own`() async throws {
    let store = ObjectStoreDriver()
    let counting = CountingDriver(store)
    let driver = MiddlewareDriver(FixedURL(url: nil), over: counting)
    #expect(driver.concurrency == store.concurrency)
    #expect(driver.removalTiming == store.removalTiming)
    try await driver.put([1, 2], at: path("/a/b"), durability: .process)
    #expect(try await driver.entries(of: path("/a")).map(\.entry.size) == [2])
    #expect(try await driver.directWriter(to: path("/a/c"), length: 1) != nil)
    #expect(counting.takeCounts() == ["put": 1, "entries": 1, "directWriter": 1])
  }

  @Test(arguments: [true, false])
  func `whether changes are seen at once is the driver's`(isEventuallyConsistent: Bool) {
    let driver = HookedDriver(InMemoryDriver(), isEventuallyConsistent: isEventuallyConsistent) { _ in }
    #expect(MiddlewareDriver(FixedURL(url: nil), over: driver).isEventuallyConsistent == isEventuallyConsistent)
  }
}
