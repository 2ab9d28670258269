import Foundation
import TestSupport
import Testing

@testable import Core

@Suite struct ContentHasherTests {
  /// What Go's crypto/sha256 and crypto/sha512 marshal to after the first `length` bytes of ``content``.
  struct GoState: Decodable, CustomTestStringConvertible {
    var algorithm: String
    var length: Int
    var state: String
    var digest: String

    var testDescription: String { "\(algorithm) of \(length) bytes" }

    static let all: [GoState] = {
      let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Fixtures/go-hash-states.json")
      return (try? JSONDecoder().decode([GoState].self, from: Data(contentsOf: file))) ?? []
    }()
  }

  static let content = TestContent.bytes(1_048_583)

  private func bytes(_ hex: String) throws -> [UInt8] {
    let digits = Array(hex.utf8)
    return try stride(from: 0, to: digits.count, by: 2).map { index in
      try #require(UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16))
    }
  }

  @Test func `there are states to compare with`() {
    #expect(GoState.all.count == 38)
  }

  @Test(arguments: GoState.all)
  func `writes and reads Go's states`(expected: GoState) throws {
    let algorithm = try #require(Digest.Algorithm(rawValue: expected.algorithm))
    var hasher = ContentHasher(algorithm)
    hasher.update(Self.content.span.extracting(first: expected.length).bytes)
    #expect(hasher.finalize().description == "\(expected.algorithm):\(expected.digest)")
    #expect(hasher.state == (try bytes(expected.state)))

    var resumed = try #require(ContentHasher(state: try bytes(expected.state)))
    #expect(resumed.algorithm == algorithm)
    #expect(resumed.count == Int64(expected.length))
    #expect(resumed.finalize() == hasher.finalize())
    resumed.update(Self.content.span.extracting(droppingFirst: expected.length).bytes)
    #expect(resumed.finalize() == ContentHasher.digest(algorithm, of: Self.content))
  }

  @Test(arguments: Digest.Algorithm.allCases)
  func `how the bytes are cut changes nothing`(algorithm: Digest.Algorithm) throws {
    let whole = ContentHasher.digest(algorithm, of: Self.content)
    for step in [1 << 20, 65_537, 8192, 127, 64] {
      var hasher = ContentHasher(algorithm)
      var offset = 0
      while offset < Self.content.count {
        let end = min(offset + step, Self.content.count)
        hasher.update(Self.content.span.extracting(offset..<end).bytes)
        hasher = try #require(ContentHasher(state: hasher.state))
        offset = end
      }
      #expect(hasher.finalize() == whole)
    }
  }

  @Test(arguments: Digest.Algorithm.allCases)
  func `refuses what is no state`(algorithm: Digest.Algorithm) throws {
    let good = ContentHasher(algorithm).state
    var longer = good
    longer.append(0)
    var otherMagic = good
    otherMagic[3] = 2
    var absurdLength = good
    for index in good.count - 8..<good.count { absurdLength[index] = 0xFF }
    var bitsOverflow = good
    bitsOverflow[good.count - 8] = 0x20
    for bad in [[], Array("sha".utf8), good.dropLast(), longer, otherMagic, absurdLength, bitsOverflow] {
      #expect(ContentHasher(state: Array(bad)) == nil)
    }
    #expect(ContentHasher(state: good) != nil)
  }

  @Test func `counts beyond four gigabytes`() throws {
    var state = ContentHasher(.sha256).state
    // 5 GiB: the number of bits needs both words of OpenSSL's counter.
    state.replaceSubrange(state.count - 8..<state.count, with: [0, 0, 0, 1, 0x40, 0, 0, 0])
    var hasher = try #require(ContentHasher(state: state))
    #expect(hasher.count == 5 << 30)
    hasher.update(([1, 2, 3] as [UInt8]).span.bytes)
    #expect(hasher.count == 5 << 30 + 3)
    #expect(hasher.state.suffix(8) == [0, 0, 0, 1, 0x40, 0, 0, 3])
  }
}
