import Testing

@testable import Core

@Suite struct DurationTests {
  @Test(arguments: [
    ("168h", 604_800_000_000_000), ("1m30s", 90_000_000_000), ("500ms", 500_000_000), ("1.5h", 5_400_000_000_000),
    ("0", 0), ("0s", 0), ("-1m", -60_000_000_000), ("+5us", 5_000), ("7µs", 7_000), ("3ns", 3), (".5s", 500_000_000),
    ("1.s", 1_000_000_000), ("1h1m1s1ms1us1ns", 3_661_001_001_001), ("2562047h47m16s", 9_223_372_036_000_000_000),
    ("1d", 86_400_000_000_000), ("7d", 604_800_000_000_000), ("2w", 1_209_600_000_000_000),
    ("1w1d1h", 694_800_000_000_000),
    ("0.5d", 43_200_000_000_000), ("106751d", 9_223_286_400_000_000_000),
  ])
  func `Go's durations, and days and weeks`(_ text: String, _ nanoseconds: Int64) {
    #expect(Duration(goText: text) == .nanoseconds(nanoseconds))
  }

  @Test(arguments: [
    "", "1", "h", "1x", "1 s", "s1", "-", ".s", "1..5s", "1h-5m", "2562048h", "9223372037s", "99999999999999999999h",
    "106752d", "15251w", "1dw", "1.5", "٣s",
  ])
  func `what is no duration, or too long for one`(_ text: String) {
    #expect(Duration(goText: text) == nil)
  }

  @Test(arguments: ["168h", "1m30s", "500ms", "1h", "5us", "7ns", "0s", "1h1m1s1ms1us1ns"])
  func `the shortest text`(_ text: String) {
    #expect(Duration(goText: text)?.goText == text)
  }
}
