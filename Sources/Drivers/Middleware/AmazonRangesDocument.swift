import Core

/// The document in which Amazon publishes its networks (ip-ranges.json): `prefixes` with `ip_prefix` and `region`,
/// `ipv6_prefixes` with `ipv6_prefix` and `region`.
struct AmazonRangesDocument {
  /// Those of the regions that were asked for.
  private(set) var networks: [AddressRanges.Network] = []
  /// Entries that were not understood.
  private(set) var unreadable = 0

  /// Reads a document.
  /// - Parameter regions: in lower case; empty: all.
  /// - Throws: where it is no such document.
  init(_ document: [UInt8], regions: [String]) throws(JSONError) {
    var reader = JSONReader(document)
    try reader.enterObject()
    while let member = try reader.nextMember() {
      switch member {
      case "prefixes": try read(&reader, "ip_prefix", regions)
      case "ipv6_prefixes": try read(&reader, "ipv6_prefix", regions)
      default: try reader.skip()
      }
    }
    try reader.end()
  }

  private mutating func read(_ reader: inout JSONReader, _ key: String, _ regions: [String]) throws(JSONError) {
    try reader.enterArray()
    while try reader.nextElement() {
      var (prefix, region) = ("", "")
      try reader.enterObject()
      while let member = try reader.nextMember() {
        switch member {
        case key: prefix = try reader.string()
        case "region": region = try reader.string()
        default: try reader.skip()
        }
      }
      guard let network = AddressRanges.Network(prefix) else {
        unreadable += 1
        continue
      }
      if regions.isEmpty || regions.contains(region.lowercased()) { networks.append(network) }
    }
  }
}
