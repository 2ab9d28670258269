import Testing

@testable import Core

@Suite struct VerificationProgressTests {
  private func progress(_ phase: VerificationProgress.Phase, total: Int64?) -> VerificationProgress {
    var tally = VerificationTally()
    (tally.contents, tally.bytes, tally.repositories) = (300, 5000 << 20, 2)
    (tally.manifests, tally.links, tally.repaired, tally.repairable, tally.left) = (7, 9, 1, 2, 3)
    var progress = VerificationProgress(tally)
    (progress.phase, progress.total, progress.bytesRead) = (phase, total, 2000 << 20)
    return progress
  }

  @Test(arguments: [
    (Duration.zero, 2000), (.milliseconds(999), 2000), (.seconds(1), 2000), (.seconds(10), 200), (.seconds(4000), 0),
  ])
  func `the speed is that of this run, from the first moment on`(time: Duration, speed: Int) {
    #expect(
      progress(.contents, total: 1200).text(after: time)
        == "contents: 25 %, 300 of 1200, 5000 MiB (\(speed) MiB/s), 6 faults")
  }

  @Test(
    arguments: [
      (nil, "2,"), (4, "50 %, 2 of 4,"), (3, "66 %, 2 of 3,"), (2, "100 %, 2 of 2,"), (1, "100 %, 2 of 1,"),
      (0, "100 %, 2 of 0,"),
    ] as [(Int64?, String)])
  func `the percentage is at most 100, whatever was pushed since the count`(total: Int64?, amount: String) {
    #expect(
      progress(.repositories, total: total).text(after: .zero)
        == "repositories: \(amount) 7 manifests, 9 links, 6 faults")
  }
}
