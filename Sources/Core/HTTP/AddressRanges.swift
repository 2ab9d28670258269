/// A set of addresses, which is looked up by binary search.
public struct AddressRanges: Sendable, Equatable {
  private let v4: [ClosedRange<UInt32>]
  private let v6: [ClosedRange<UInt128>]

  /// Of networks.
  public init(_ networks: [Network]) {
    v4 = Self.merged(networks.compactMap { if case .v4(let range) = $0 { range } else { nil } })
    v6 = Self.merged(networks.compactMap { if case .v6(let range) = $0 { range } else { nil } })
  }

  /// Whether an address is one of them.
  public func contains(_ address: IPAddress) -> Bool {
    switch address {
    case .v4(let bits): Self.contains(v4, bits)
    case .v6(let bits): Self.contains(v6, bits)
    }
  }

  /// How many ranges there are.
  public var count: Int { v4.count + v6.count }

  /// In ascending order, none touching another.
  private static func merged<Bits: FixedWidthInteger>(_ ranges: [ClosedRange<Bits>]) -> [ClosedRange<Bits>] {
    var merged: [ClosedRange<Bits>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = merged.last, last.upperBound == .max || range.lowerBound <= last.upperBound + 1 {
        merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        merged.append(range)
      }
    }
    return merged
  }

  private static func contains<Bits: FixedWidthInteger>(_ ranges: [ClosedRange<Bits>], _ bits: Bits) -> Bool {
    var (low, high) = (0, ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound < bits { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].contains(bits)
  }

  /// The addresses that have their first bits in common (RFC 4632).
  public enum Network: Sendable, Equatable {
    /// Of version 4.
    case v4(ClosedRange<UInt32>)
    /// Of version 6.
    case v6(ClosedRange<UInt128>)

    /// Of one address.
    public init(_ address: IPAddress) {
      switch address {
      case .v4(let bits): self = .v4(bits...bits)
      case .v6(let bits): self = .v6(bits...bits)
      }
    }

    /// From `192.0.2.0/24` or `2001:db8::/32`; nil for anything else. Bits beyond the prefix don't count. A network of
    /// version 4 may be written as one of version 6 (`::ffff:192.0.2.0/120`).
    public init?(_ text: String) {
      let parts = text.split(separator: "/", omittingEmptySubsequences: false)
      guard parts.count == 2, let address = IPAddress(parts[0]), parts[1].utf8.count <= 3,
        parts[1].utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
        var length = Int(parts[1])
      else { return nil }
      switch address {
      case .v4(let bits):
        if parts[0].utf8.contains(UInt8(ascii: ":")) { length -= 96 }
        guard (0...32).contains(length) else { return nil }
        self = .v4(Self.range(bits, length))
      case .v6(let bits):
        guard length <= 128 else { return nil }
        self = .v6(Self.range(bits, length))
      }
    }

    private static func range<Bits: FixedWidthInteger>(_ bits: Bits, _ length: Int) -> ClosedRange<Bits> {
      let rest: Bits = length == 0 ? .max : (1 << (Bits.bitWidth - length)) - 1
      return (bits & ~rest)...(bits | rest)
    }
  }
}
