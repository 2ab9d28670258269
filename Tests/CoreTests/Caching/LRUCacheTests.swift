import Testing

@testable import Core

@Suite struct LRUCacheTests {
  @Test func `what was used least lately goes first`() {
    var cache = LRUCache<Int, String>(capacity: 3)
    for number in 1...3 { cache.store("\(number)", for: number) }
    #expect(cache.value(for: 1) == "1")
    cache.store("4", for: 4)
    #expect(cache.value(for: 2) == nil)
    cache.store("3 again", for: 3)
    cache.store("5", for: 5)
    #expect([1, 2, 3, 4, 5].map { cache.value(for: $0) } == [nil, nil, "3 again", "4", "5"])
    #expect(cache.count == 3)
  }

  @Test func `what was removed leaves its place to others`() {
    var cache = LRUCache<Int, Int>(capacity: 2)
    cache.store(1, for: 1)
    cache.store(2, for: 2)
    cache.remove(1)
    cache.remove(7)
    cache.store(3, for: 3)
    #expect([1, 2, 3].map { cache.value(for: $0) } == [nil, 2, 3])
  }

  @Test(arguments: [1, 2, 7, 64]) func `it does what a slow one does`(capacity: Int) {
    var cache = LRUCache<Int, Int>(capacity: capacity)
    var order: [Int] = []
    var values: [Int: Int] = [:]
    var generator = SystemRandomNumberGenerator()
    for step in 0..<20_000 {
      let key = Int.random(in: 0..<100, using: &generator)
      switch step % 5 {
      case 0:
        cache.remove(key)
        order.removeAll { $0 == key }
        values[key] = nil
      case 1, 2:
        cache.store(step, for: key)
        order.removeAll { $0 == key }
        order.append(key)
        values[key] = step
        if order.count > capacity { values[order.removeFirst()] = nil }
      default:
        #expect(cache.value(for: key) == values[key])
        guard values[key] != nil else { continue }
        order.removeAll { $0 == key }
        order.append(key)
      }
      #expect(cache.count == values.count)
    }
  }

  @Test func `nothing is kept where nothing may be`() {
    var cache = LRUCache<Int, Int>(capacity: 0)
    cache.store(1, for: 1)
    #expect(cache.value(for: 1) == nil && cache.count == 0)
  }
}
