import Core
import Testing

@Suite struct DigestTests {
  @Test(arguments: [
    "", "sha256:", "sha256:abc", "sha256:" + String(repeating: "A", count: 64),
    "sha256:" + String(repeating: "a", count: 63),
    "sha512:" + String(repeating: "a", count: 64), "md5:" + String(repeating: "a", count: 32),
    "sha256:../" + String(repeating: "a", count: 61), "sha256:" + String(repeating: "a", count: 64) + "\n",
  ])
  func `refuses what is not a digest`(text: String) {
    #expect(Digest(text) == nil)
  }

  @Test(arguments: [("sha256", 64), ("sha512", 128)])
  func `takes the algorithms of the spec`(algorithm: String, length: Int) throws {
    let hex = String(repeating: "0f", count: length / 2)
    let digest = try #require(Digest("\(algorithm):\(hex)"))
    #expect(digest.algorithm.rawValue == algorithm)
    #expect(digest.hex == hex)
    #expect(digest.description == "\(algorithm):\(hex)")
  }
}
