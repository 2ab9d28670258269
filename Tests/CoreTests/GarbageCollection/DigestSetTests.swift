import Testing

@testable import Core

@Suite struct DigestSetTests {
  private static func digest(_ number: Int) -> Digest {
    ContentHasher.digest(.sha256, of: Array("\(number)".utf8))
  }

  @Test func `what was inserted is there, once, and nothing else`() {
    var set = DigestSet()
    #expect((0..<5000).count { set.insert(Self.digest($0)) } == 5000)
    #expect((0..<5000).count { set.insert(Self.digest($0)) } == 0)
    #expect(set.count == 5000)
    for number in 0..<5000 { #expect(set.contains(Self.digest(number))) }
    for number in 5000..<10000 { #expect(!set.contains(Self.digest(number))) }
  }

  @Test func `a digest of zeros is one like others`() throws {
    let zero = try #require(Digest("sha256:" + String(repeating: "0", count: 64)))
    var set = DigestSet()
    #expect(!set.contains(zero))
    let isNew = [set.insert(zero), set.insert(zero)]
    #expect(isNew == [true, false])
    #expect(set.contains(zero) && set.count == 1)
  }

  @Test func `it takes some tens of bytes for each, while it grows too`() {
    var set = DigestSet()
    var number: UInt64 = 0
    while set.count < 60_000 {
      number += 1
      set.insert(DigestKey(high: number &* 0x9E37_79B9_7F4A_7C15, low: number))
      if set.count % 10_000 == 0 { #expect(set.footprint <= 40 * set.count + 64 * 1024) }
    }
  }

  @Test func `digests that begin alike, or end alike, don't slow it down`() {
    let ends: [(UInt64) -> DigestKey] = [
      { DigestKey(high: 0xABCD_EF01_2345_6789, low: $0 << 40) }, { DigestKey(high: $0 << 40, low: 1) },
    ]
    for key in ends {
      var set = DigestSet()
      for number in 1...UInt64(30_000) { set.insert(key(number)) }
      #expect(set.count == 30_000)
      // In the order of some dozens where they are spread well; as many as a table holds, or all, where they aren't.
      #expect(set.longestSearch < 80)
    }
  }

  @Test(arguments: Digest.Algorithm.allCases)
  func `a key comes of a digest or of its directory's name`(algorithm: Digest.Algorithm) {
    let digest = ContentHasher.digest(algorithm, of: [1, 2, 3])
    #expect(DigestKey(digest.hex, algorithm) == DigestKey(digest))
    #expect(DigestKey(digest.hex.dropLast(), algorithm) == nil)
    #expect(DigestKey(digest.hex.uppercased(), algorithm) == nil)
    #expect(DigestKey(String(digest.hex.dropLast()) + "g", algorithm) == nil)
  }

  @Test func `a list gives back what was put in, of either algorithm`() {
    var list = DigestList()
    let digests = (0..<50).map { ContentHasher.digest($0 % 3 == 0 ? .sha512 : .sha256, of: [UInt8($0)]) }
    for digest in digests { list.append(digest) }
    #expect((0..<list.count).map { list[$0] } == digests)
  }
}
