/// A set of digests that takes some 25 bytes for each, and no object.
///
/// It consists of many small tables with open addressing that grow separately, so that growing never needs twice the
/// memory of the whole set. The hash has a random seed, because clients can choose digests.
struct DigestSet: Sendable {
  private var tables = [Table](repeating: Table(), count: DigestSet.tableCount)
  private var hasZero = false
  private let seed: (UInt64, UInt64)
  /// How many there are.
  private(set) var count = 0

  private static let tableCount = 256

  init(seed: (UInt64, UInt64) = (.random(in: .min ... .max), .random(in: .min ... .max))) {
    self.seed = seed
  }

  /// One table. A slot that is zero is free.
  private struct Table {
    var slots: [DigestKey] = []
    var count = 0
  }

  private static let free = DigestKey(high: 0, low: 0)

  /// Adds a digest.
  /// - Returns: false where it is there already.
  @discardableResult
  mutating func insert(_ key: DigestKey) -> Bool {
    guard key != DigestSet.free else {
      if hasZero { return false }
      hasZero = true
      count += 1
      return true
    }
    let hash = hash(key)
    let table = Int(hash >> 56)
    if tables[table].count * 4 >= tables[table].slots.count * 3 { grow(table) }
    guard DigestSet.place(key, hash, &tables[table].slots) else { return false }
    tables[table].count += 1
    count += 1
    return true
  }

  func contains(_ key: DigestKey) -> Bool {
    guard key != DigestSet.free else { return hasZero }
    let hash = hash(key)
    let table = Int(hash >> 56)
    let size = tables[table].slots.count
    guard size > 0 else { return false }
    var slot = DigestSet.firstSlot(hash, size)
    while true {
      let found = tables[table].slots[slot]
      if found == key { return true }
      if found == DigestSet.free { return false }
      slot = slot + 1 == size ? 0 : slot + 1
    }
  }

  @discardableResult
  mutating func insert(_ digest: Digest) -> Bool { insert(DigestKey(digest)) }

  func contains(_ digest: Digest) -> Bool { contains(DigestKey(digest)) }

  /// Bytes that the tables take.
  var footprint: Int { tables.reduce(0) { $0 + $1.slots.count * MemoryLayout<DigestKey>.stride } }

  /// How many slots are looked at, at the most, to find what is there.
  var longestSearch: Int {
    var longest = 0
    for table in tables {
      for (slot, key) in table.slots.enumerated() where key != DigestSet.free {
        let distance = slot - DigestSet.firstSlot(hash(key), table.slots.count)
        longest = max(longest, 1 + (distance < 0 ? distance + table.slots.count : distance))
      }
    }
    return longest
  }

  private mutating func grow(_ table: Int) {
    let old = tables[table].slots
    var slots = [DigestKey](repeating: DigestSet.free, count: max(8, old.count + old.count / 2))
    for key in old where key != DigestSet.free { _ = DigestSet.place(key, hash(key), &slots) }
    tables[table].slots = slots
  }

  private static func place(_ key: DigestKey, _ hash: UInt64, _ slots: inout [DigestKey]) -> Bool {
    var slot = firstSlot(hash, slots.count)
    while slots[slot] != free {
      if slots[slot] == key { return false }
      slot = slot + 1 == slots.count ? 0 : slot + 1
    }
    slots[slot] = key
    return true
  }

  /// The upper bits have chosen the table.
  private static func firstSlot(_ hash: UInt64, _ size: Int) -> Int {
    Int(((hash & 0xFFFF_FFFF) * UInt64(size)) >> 32)
  }

  private func hash(_ key: DigestKey) -> UInt64 {
    let product = (key.high ^ seed.0).multipliedFullWidth(by: key.low ^ seed.1)
    let mixed = (product.high ^ product.low).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
    return mixed.high ^ mixed.low
  }
}
