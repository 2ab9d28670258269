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
    while set.count < 200_000 {
      number += 1
      set.insert(DigestKey(high: number &* 0x9E37_79B9_7F4A_7C15, low: number))
      if set.count % 10_000 == 0 { #expect(set.footprint <= 40 * set.count + 64 * 1024) }
    }
  }

  @Test func `digests that begin alike don't slow it down`() {
    var set = DigestSet()
    let start = ContinuousClock.now
    for number in 0..<200_000 { set.insert(DigestKey(high: 0xABCD_EF01_2345_6789, low: UInt64(number) << 40)) }
    #expect(set.count == 200_000)
    // Each after all others would take minutes.
    #expect(ContinuousClock.now - start < .seconds(30))
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
