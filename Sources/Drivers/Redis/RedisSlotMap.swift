/// Which server of a cluster has which slot.
struct RedisSlotMap: Sendable {
  /// Indices of the deployment's servers.
  private var owners: [UInt16]

  /// nil where a slot has no server: a cluster that serves only some slots may have lost the others.
  init?(_ ranges: [(slots: ClosedRange<Int>, server: Int)]) {
    var owners = [UInt16](repeating: .max, count: RedisSlot.count)
    for range in ranges {
      for slot in range.slots where owners.indices.contains(slot) { owners[slot] = UInt16(clamping: range.server) }
    }
    guard !owners.contains(.max) else { return nil }
    self.owners = owners
  }

  subscript(slot: RedisSlot) -> Int {
    get { Int(owners[slot.number]) }
    set { owners[slot.number] = UInt16(clamping: newValue) }
  }
}
