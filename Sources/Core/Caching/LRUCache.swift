/// A dictionary of limited size that drops the least recently used value. Each operation takes constant time.
struct LRUCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  /// How many values it holds at the most.
  let capacity: Int
  private var places: [Key: Int] = [:]
  private var nodes: [Node] = []
  /// Ends of the list in order of use.
  private var newest = LRUCache.none
  private var oldest = LRUCache.none
  private var free: [Int] = []

  private struct Node {
    var key: Key
    var value: Value
    var newer: Int
    var older: Int
  }

  private static var none: Int { -1 }

  init(capacity: Int) {
    self.capacity = capacity
  }

  var count: Int { places.count }

  /// The value of `key`; this counts as a use.
  mutating func value(for key: Key) -> Value? {
    guard let place = places[key] else { return nil }
    if place != newest {
      unlink(place)
      link(place)
    }
    return nodes[place].value
  }

  /// Stores a value; if the cache is full, drops the least recently used one.
  mutating func store(_ value: Value, for key: Key) {
    if let place = places[key] {
      nodes[place].value = value
      unlink(place)
      return link(place)
    }
    guard capacity > 0 else { return }
    if places.count == capacity { remove(nodes[oldest].key) }
    let node = Node(key: key, value: value, newer: Self.none, older: Self.none)
    let place: Int
    if let freed = free.popLast() {
      place = freed
      nodes[place] = node
    } else {
      place = nodes.count
      nodes.append(node)
    }
    places[key] = place
    link(place)
  }

  mutating func remove(_ key: Key) {
    guard let place = places.removeValue(forKey: key) else { return }
    unlink(place)
    free.append(place)
  }

  mutating func removeAll() {
    self = LRUCache(capacity: capacity)
  }

  private mutating func unlink(_ place: Int) {
    let (newer, older) = (nodes[place].newer, nodes[place].older)
    if newer == Self.none { newest = older } else { nodes[newer].older = older }
    if older == Self.none { oldest = newer } else { nodes[older].newer = newer }
  }

  private mutating func link(_ place: Int) {
    nodes[place].newer = Self.none
    nodes[place].older = newest
    if newest == Self.none { oldest = place } else { nodes[newest].newer = place }
    newest = place
  }
}
