import Core
import Synchronization
import Testing

/// Work on many things at once.
@Suite struct SideBySideTests {
  private struct Trouble: Error, Equatable {
    var item: Int
  }

  @Test(arguments: [1, 3, 100])
  func `answers come in the order of what was asked`(width: Int) async throws {
    let answers = try await SideBySide.map(Array(0..<20), width: width) { item throws(Trouble) in
      // The first ones end last.
      for _ in item..<20 { await Task.yield() }
      return item * 2
    }
    #expect(answers == (0..<20).map { $0 * 2 })
    let none = try await SideBySide.map([Int](), width: width) { item throws(Trouble) in item }
    #expect(none.isEmpty)
  }

  @Test(arguments: [1, 3])
  func `no more than the width are under way`(width: Int) async throws {
    let running = Atomic(0)
    let peak = Atomic(0)
    _ = try await SideBySide.map(Array(0..<20), width: width) { item throws(Trouble) in
      peak.max(running.add(1, ordering: .relaxed).newValue, ordering: .relaxed)
      for _ in 0..<10 { await Task.yield() }
      running.subtract(1, ordering: .relaxed)
    }
    #expect(peak.load(ordering: .relaxed) == width)
  }

  @Test(arguments: [1, 3])
  func `once one has failed, no more are begun, and the failure is thrown`(width: Int) async throws {
    let begun = Atomic(0)
    let hasFailed = Atomic(false)
    let failure = await #expect(throws: Trouble.self) {
      try await SideBySide.map(Array(0..<100), width: width) { item throws(Trouble) in
        begun.add(1, ordering: .relaxed)
        if item == 4 {
          hasFailed.store(true, ordering: .relaxed)
          throw Trouble(item: item)
        }
        if item > 4 {
          // None of those beside it ends before the failure was told, which would have others begin.
          while !hasFailed.load(ordering: .relaxed) { await Task.yield() }
          for _ in 0..<1000 { await Task.yield() }
        }
        return item
      }
    }
    #expect(failure == Trouble(item: 4))
    #expect(begun.load(ordering: .relaxed) <= 4 + width)
  }

  @Test func `of several failures the first one is thrown`() async throws {
    let isFirstOver = Atomic(false)
    let failure = await #expect(throws: Trouble.self) {
      try await SideBySide.map([0, 1], width: 2) { item throws(Trouble) in
        if item == 0 {
          while !isFirstOver.load(ordering: .relaxed) { await Task.yield() }
          // Until it has been told.
          for _ in 0..<1000 { await Task.yield() }
        }
        isFirstOver.store(true, ordering: .relaxed)
        throw Trouble(item: item)
      }
    }
    #expect(failure == Trouble(item: 1))
  }

  @Test(arguments: [1, 3])
  func `a check that fails ends it, and what was begun is told`(width: Int) async throws {
    var checks = 0
    var done: [Int] = []
    let failure = await #expect(throws: Trouble.self) {
      try await SideBySide.forEach(Array(0..<100), width: width) { () throws(Trouble) in
        checks += 1
        if checks == 6 { throw Trouble(item: 6) }
      } _: { item in
        item
      } done: { item, _ in
        done.append(item)
      }
    }
    #expect(failure == Trouble(item: 6))
    #expect(done.sorted() == Array(0..<5))
  }
}
