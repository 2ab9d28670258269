import Synchronization

/// Keeps what was used lately, up to a total cost.
///
/// Two generations instead of a list in order of use: what is stored or found goes to the young one; when that
/// is half of what may be kept, it becomes the old one, and the former old one is forgotten. Each step costs
/// the same however much is kept.
final class BoundedCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private let limit: Int
  private let state = Mutex(State())

  private struct State {
    var young: [Key: (value: Value, cost: Int)] = [:]
    var old: [Key: (value: Value, cost: Int)] = [:]
    var youngCost = 0
  }

  /// Keeps values that cost at most `limit` together, in the caller's unit.
  init(limit: Int) {
    self.limit = limit
  }

  /// What is kept for `key`.
  func value(for key: Key) -> Value? {
    state.withLock { state in
      if let entry = state.young[key] { return entry.value }
      guard let entry = state.old.removeValue(forKey: key) else { return nil }
      insert(entry, for: key, &state)
      return entry.value
    }
  }

  /// Keeps a value. One that costs more than half of the limit is not kept.
  func store(_ value: Value, for key: Key, cost: Int) {
    state.withLock { state in
      state.old.removeValue(forKey: key)
      if let former = state.young.removeValue(forKey: key) { state.youngCost -= former.cost }
      insert((value, cost), for: key, &state)
    }
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
