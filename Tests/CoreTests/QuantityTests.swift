import Testing

@testable import Core

/// Where numbers from outside are brought into ranges in which arithmetic can't overflow.
@Suite struct QuantityTests {
  @Test(
    arguments: [
      (0, 0, 0), (1, 5, 1_000_000_005), (-1, 0, -1_000_000_000), (.max, .max, Int64.max / 2),
      (.min, 0, -(Int64.max / 2)),
      (9_223_372_036, 999_999_999, .max / 2), (-8_520_336_000, 0, -(Int64.max / 2)), (0, .min, -(Int64.max / 2)),
    ] as [(Int64, Int64, Int64)])
  func `a time is brought into the range of times`(seconds: Int64, nanoseconds: Int64, time: Int64) {
    #expect(WallClock.time(seconds: seconds, nanoseconds: nanoseconds) == time)
  }

  @Test func `two times have a difference, and a time is as far from another as any duration`() {
    let (first, last) = (WallClock.range.lowerBound, WallClock.range.upperBound)
    #expect(last - first == Int64.max - 1)
    for duration in [Duration.seconds(Int64.max), .seconds(Int64.min), .nanoseconds(Int64.max), .zero] {
      for time in [first, 0, last] {
        let (later, earlier) = (time + duration.nanoseconds, time - duration.nanoseconds)
        #expect(WallClock.range.contains(later - time) && WallClock.range.contains(time - earlier))
      }
      #expect(WallClock.seconds(after: duration) <= Int64.max / 1_000_000_000)
    }
  }

  @Test(
    arguments: [
      (Duration.zero, 0), (.milliseconds(5), 5), (.nanoseconds(1), 1), (.nanoseconds(1_000_001), 2),
      (.seconds(-1), -1000),
      (.nanoseconds(-1), 0), (.seconds(Int64.max), 4_611_686_018_428),
    ] as [(Duration, Int64)])
  func `milliseconds are rounded up`(duration: Duration, milliseconds: Int64) {
    #expect(duration.milliseconds == milliseconds)
  }

  @Test(arguments: [Int64.min, -1, 0, 1, .max / 2, .max])
  func `what a store says of a file is safe to count with`(number: Int64) {
    let entry = StorageEntry(isDirectory: false, size: number, modified: number)
    #expect(ByteCount.range.contains(entry.size) && WallClock.range.contains(entry.modified))
    #expect(number < 0 || number > .max / 2 || entry.size == number)
  }

  @Test func `a sum of any sizes is the largest there is, where it would be more`() {
    var total: ByteTotal = 0
    total += 7
    #expect(total == 7)
    for _ in 0..<3 { total += 1 << 62 }
    #expect(total.bytes == .max)
    #expect("\(total)".hasSuffix("EiB (9223372036854775807 bytes)"))
  }
}
