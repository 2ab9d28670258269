/// One of the 16384 parts of a cluster's keys (Redis Cluster specification, "Key distribution model").
struct RedisSlot: Hashable, Sendable {
  let number: Int

  static let count = 16384

  /// nil where there is no such slot.
  init?(number: Int) {
    guard (0..<RedisSlot.count).contains(number) else { return nil }
    self.number = number
  }

  /// The slot of a key: of what is between its first braces, where that is not empty.
  init(of key: ArraySlice<UInt8>) {
    var hashed = key
    if let open = key.firstIndex(of: UInt8(ascii: "{")),
      let close = key[(open + 1)...].firstIndex(of: UInt8(ascii: "}")), close > open + 1
    {
      hashed = key[(open + 1)..<close]
    }
    number = Int(RedisSlot.crc16(hashed)) % RedisSlot.count
  }

  /// CRC16 in the variant of XMODEM.
  static func crc16(_ bytes: ArraySlice<UInt8>) -> UInt16 {
    bytes.reduce(0) { crc, byte in crc << 8 ^ table[Int(UInt8(crc >> 8) ^ byte)] }
  }

  private static let table: [UInt16] = (0..<256).map { index in
    (0..<8).reduce(UInt16(index) << 8) { crc, _ in crc & 0x8000 == 0 ? crc << 1 : crc << 1 ^ 0x1021 }
  }
}
