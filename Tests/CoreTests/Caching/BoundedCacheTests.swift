import Testing

@testable import Core

@Suite struct BoundedCacheTests {
  @Test(arguments: [1, 60, 500])
  func `keeps what was used lately and never more than its limit`(cost: Int) {
    let limit = 32_000
    let cache = BoundedCache<Int, Int>(limit: limit)
    for key in 0..<40_000 / cost * 2 {
      cache.store(key, for: key, cost: cost)
      #expect(cache.value(for: key) == key)
      #expect(cache.value(for: 0) == 0)
    }
    let kept = (0..<80_000).count { cache.value(for: $0) != nil }
    #expect(kept * cost <= limit)
    #expect(kept * cost >= limit / 8)
  }

  @Test func `a value that grows replaces the one that was kept`() {
    let cache = BoundedCache<Int, Int>(limit: 32_000)
    for (value, cost) in [(1, 1), (2, 1000), (3, 1)] {
      cache.store(value, for: 1, cost: cost)
      #expect(cache.value(for: 1) == value)
    }
    cache.store(4, for: 1, cost: 8001)
    #expect(cache.value(for: 1) == nil)
  }
}
