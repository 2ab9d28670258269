import Foundation

/// Makes hostile variants of valid inputs, the same ones in every run: bytes flipped and lost, pieces doubled and
/// swapped between samples, and numbers in the place of others at which arithmetic goes wrong.
///
/// A trap ends the whole test process, and an endless loop the test run, so that a test of a parser need say no more
/// than what holds for whatever it accepts.
package struct Fuzzer {
  /// How many variants a test tries: many more with `BERTH_TEST_FUZZ_ROUNDS=1000000`.
  package static let rounds = number("BERTH_TEST_FUZZ_ROUNDS") ?? 500
  /// Other variants with `BERTH_TEST_FUZZ_SEED=2`.
  private static let seed = UInt64(number("BERTH_TEST_FUZZ_SEED") ?? 1)

  private static func number(_ variable: String) -> Int? {
    ProcessInfo.processInfo.environment[variable].flatMap { Int($0) }
  }

  /// Of numbers where types end, or where what is counted in them does.
  package static let numbers = [
    "-1", "0", "1", "-0", "00", "2147483647", "2147483648", "4294967296", "9007199254740993", "4611686018427387903",
    "4611686018427387904", "9223372036854775806", "9223372036854775807", "9223372036854775808", "18446744073709551615",
    "18446744073709551616", "-9223372036854775808", "-9223372036854775809", "1e400", "1.5", "0x7fffffffffffffff",
    "99999999999999999999999999999999", "NaN",
  ]

  /// What stands between the parts of most texts.
  private static let marks = Array(" \t\r\n\0\"'{}[]():;,./\\<>&=%#-_+*~@\u{7F}".utf8) + [0x80, 0xC3, 0xE2, 0xFF]

  private let samples: [[UInt8]]
  private var random: SplitMix64

  /// - Parameter samples: valid inputs, of each form that the parser knows.
  package init(_ samples: [[UInt8]]) {
    self.samples = samples
    random = SplitMix64(state: Self.seed)
  }

  /// Tries every sample as it is, and then variants.
  package static func run(
    _ samples: [String], rounds: Int = rounds, _ check: ([UInt8]) async throws -> Void
  ) async rethrows {
    try await run(samples.map { Array($0.utf8) }, rounds: rounds, check)
  }

  /// Tries every sample as it is, and then variants.
  package static func run(
    _ samples: [[UInt8]], rounds: Int = rounds, _ check: ([UInt8]) async throws -> Void
  ) async rethrows {
    for sample in samples { try await check(sample) }
    var fuzzer = Fuzzer(samples)
    for _ in 0..<rounds { try await check(fuzzer.next()) }
  }

  /// The next variant.
  package mutating func next() -> [UInt8] {
    var bytes = pick(samples)
    for _ in 0...Int.random(in: 0...3, using: &random) { change(&bytes) }
    return bytes
  }

  private mutating func change(_ bytes: inout [UInt8]) {
    switch Int.random(in: 0..<10, using: &random) {
    case 0, 1, 2: replaceNumber(&bytes)
    case 3:
      guard let index = bytes.indices.randomElement(using: &random) else { return }
      bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 4:
      guard let index = bytes.indices.randomElement(using: &random) else { return }
      bytes[index] = pick(Self.marks)
    case 5: bytes.insert(pick(Self.marks), at: place(in: bytes))
    case 6: bytes.removeSubrange(span(of: bytes))
    case 7: bytes.removeSubrange(place(in: bytes)...)
    case 8:
      let part = bytes[span(of: bytes)]
      let place = place(in: bytes)
      for _ in 0...Int.random(in: 0...40, using: &random) where bytes.count < 1 << 16 {
        bytes.insert(contentsOf: part, at: place)
      }
    default:
      let other = pick(samples)
      bytes.replaceSubrange(span(of: bytes), with: other[span(of: other)])
    }
  }

  /// Puts a number in the place of one that is there; where there is none, anywhere.
  private mutating func replaceNumber(_ bytes: inout [UInt8]) {
    let digits = bytes.indices.filter { (0x30...0x39).contains(bytes[$0]) }
    guard let hit = digits.randomElement(using: &random) else {
      bytes.insert(contentsOf: pick(Self.numbers).utf8, at: place(in: bytes))
      return
    }
    var (start, end) = (hit, hit + 1)
    while start > 0, (0x30...0x39).contains(bytes[start - 1]) { start -= 1 }
    while end < bytes.count, (0x30...0x39).contains(bytes[end]) { end += 1 }
    bytes.replaceSubrange(start..<end, with: pick(Self.numbers).utf8)
  }

  private mutating func place(in bytes: [UInt8]) -> Int { Int.random(in: 0...bytes.count, using: &random) }

  /// Up to 40 bytes somewhere.
  private mutating func span(of bytes: [UInt8]) -> Range<Int> {
    let start = place(in: bytes)
    return start..<min(bytes.count, start + Int.random(in: 0...40, using: &random))
  }

  private mutating func pick<Element>(_ choices: [Element]) -> Element {
    choices[Int.random(in: 0..<choices.count, using: &random)]
  }
}

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
private struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
    return word ^ word >> 31
  }
}
