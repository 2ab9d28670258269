import TestSupport
import Testing

@testable import Core

/// Times, durations and schedules, as files, stores and administrators write them.
@Suite(.ownThread) struct TimeFuzzTests {
  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test func `a time that is read can be counted with`() async {
    await Fuzzer.run([
      "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123456789+01:00", "1700-01-01T00:00:00Z", "2262-04-12T00:00:00Z",
      "9999-12-31T23:59:60-23:59",
    ]) { bytes in
      guard let time = RFC3339.nanoseconds(text(bytes)) else { return }
      #expect(WallClock.range.contains(time))
      let whole = RFC3339.nanoseconds(RFC3339.text(secondsSince1970: time / 1_000_000_000))
      #expect(whole == time / 1_000_000_000 * 1_000_000_000)
    }
  }

  @Test func `a duration that is read is no other when it is written and read again`() async {
    await Fuzzer.run(["168h", "1h1m1s1ms1us1ns", "-1.5h", "7d", "2w", "0", "2562047h47m16s"]) { bytes in
      guard let duration = Duration(goText: text(bytes)) else { return }
      #expect(Duration(goText: duration.goText) == duration)
      #expect(WallClock.range.contains(duration.nanoseconds))
    }
  }

  @Test func `a schedule that is taken is due after now, for ever`() async {
    await Fuzzer.run(
      ["30 3 * * sun", "*/15 0-23/2 1,15 jan-dec mon-fri", "0 0 29 2 *", "@daily", "24h", "1d"],
      rounds: Fuzzer.rounds / 3
    ) { bytes in
      guard let schedule = MaintenanceSchedule(text(bytes)) else { return }
      var time: Int64 = 1_767_323_045
      for _ in 0..<4 {
        let next = schedule.next(after: time)
        #expect(next > time)
        time = next
      }
    }
  }
}
