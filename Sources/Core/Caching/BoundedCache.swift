import NIOConcurrencyHelpers

/// Keeps recently used values, up to a total cost.
///
/// Half of the limit is for small values, spread over parts with a lock each, because one request may look up a
/// thousand of them while other threads do the same; the other half is for large values.
final class BoundedCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private let small: [CachePart<Key, Value>]
  private let large: CachePart<Key, Value>
  private let smallCost: Int

  /// Keeps values that cost at most `limit` together, in the caller's unit.
  init(limit: Int) {
    let parts = 16
    let partLimit = limit / 2 / parts
    small = (0..<parts).map { _ in CachePart(limit: partLimit) }
    large = CachePart(limit: limit / 2)
    smallCost = partLimit / 16
  }

  /// What is kept for `key`.
  func value(for key: Key) -> Value? {
    part(for: key).value(for: key) ?? large.value(for: key)
  }

  /// Keeps a value. One that costs more than a quarter of the limit is not kept.
  func store(_ value: Value, for key: Key, cost: Int) {
    let part = part(for: key)
    if cost <= smallCost {
      large.remove(key)
      part.store(value, for: key, cost: cost)
    } else {
      part.remove(key)
      large.store(value, for: key, cost: cost)
    }
  }

  private func part(for key: Key) -> CachePart<Key, Value> {
    small[Int(UInt(bitPattern: key.hashValue) % UInt(small.count))]
  }
}

/// The part of a cache that one lock guards.
///
/// Two generations instead of a list in order of use: a value that is stored or found goes to the young one; when that
/// has reached half of the limit, it becomes the old one, and the former old one is dropped. So each operation takes
/// constant time.
private final class CachePart<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private let limit: Int
  private let state = NIOLockedValueBox(State())

  private struct State {
    var young: [Key: (value: Value, cost: Int)] = [:]
    var old: [Key: (value: Value, cost: Int)] = [:]
    var youngCost = 0
  }

  init(limit: Int) {
    self.limit = limit
  }

  func value(for key: Key) -> Value? {
    state.withLockedValue { state in
      if let entry = state.young[key] { return entry.value }
      guard let entry = state.old.removeValue(forKey: key) else { return nil }
      insert(entry, for: key, &state)
      return entry.value
    }
  }

  func store(_ value: Value, for key: Key, cost: Int) {
    state.withLockedValue { state in
      remove(key, &state)
      insert((value, cost), for: key, &state)
    }
  }

  func remove(_ key: Key) {
    state.withLockedValue { state in remove(key, &state) }
  }

  private func remove(_ key: Key, _ state: inout State) {
    state.old.removeValue(forKey: key)
    if let former = state.young.removeValue(forKey: key) { state.youngCost -= former.cost }
  }

  private func insert(_ entry: (value: Value, cost: Int), for key: Key, _ state: inout State) {
    guard entry.cost <= limit / 2 else { return }
    if state.youngCost + entry.cost > limit / 2 {
      state.old = state.young
      state.young = [:]
      state.youngCost = 0
    }
    state.young[key] = entry
    state.youngCost += entry.cost
  }
}
