import Testing

@testable import Core

@Suite struct CollectionProgressTests {
  @Test(
    arguments: [
      (.marking, nil, "marking: 3 repositories, 40 manifests, 2 removed (17 bytes)"),
      (.blobs, 0.5, "blobs: 40 looked at (50 %), 2 removed (17 bytes)"),
      (.links, 0.999, "links: 3 repositories (99 %), 40 looked at, 2 removed (17 bytes)"),
      (.links, 1.5, "links: 3 repositories (100 %), 40 looked at, 2 removed (17 bytes)"),
    ] as [(CollectionProgress.Phase, Double?, String)])
  func `a phase whose end is known has a percentage`(
    _ phase: CollectionProgress.Phase, _ fraction: Double?, _ text: String
  ) {
    var progress = CollectionProgress()
    (progress.phase, progress.repositories, progress.items, progress.fraction) = (phase, 3, 40, fraction)
    (progress.removed, progress.bytes) = (2, 17)
    #expect(progress.text == text)
  }
}
