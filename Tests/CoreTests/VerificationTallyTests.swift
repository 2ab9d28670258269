import Testing

@testable import Core

@Suite struct VerificationTallyTests {
  @Test(arguments: [
    (Duration.zero, 2000), (.milliseconds(999), 2000), (.seconds(1), 2000), (.seconds(10), 200), (.seconds(4000), 0),
  ])
  func `progress is told from the first moment on`(time: Duration, speed: Int) {
    var tally = VerificationTally()
    (tally.contents, tally.bytes, tally.repositories) = (3, 2000 << 20, 2)
    (tally.repaired, tally.repairable, tally.left) = (1, 2, 3)
    #expect(
      tally.progress(after: time) == "3 contents, 2000 MiB (\(speed) MiB/s), 2 repositories, 6 faults")
  }
}
