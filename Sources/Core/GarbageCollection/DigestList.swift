/// Digests in a row, without an object for each: 33 bytes for one of SHA-256.
struct DigestList: Sendable {
  private var bytes: [UInt8] = []
  private var starts: [Int] = []

  var count: Int { starts.count }

  mutating func append(_ digest: Digest) {
    starts.append(bytes.count)
    bytes.append(digest.algorithm == .sha512 ? 1 : 0)
    var half: UInt8?
    for byte in digest.hex.utf8 {
      let value = byte <= UInt8(ascii: "9") ? byte - UInt8(ascii: "0") : byte - UInt8(ascii: "a") + 10
      if let upper = half {
        bytes.append(upper << 4 | value)
        half = nil
      } else {
        half = value
      }
    }
  }

  subscript(index: Int) -> Digest {
    let start = starts[index]
    let end = index + 1 < starts.count ? starts[index + 1] : bytes.count
    return Digest(algorithm: bytes[start] == 1 ? .sha512 : .sha256, bytes: bytes[(start + 1)..<end])
  }
}
