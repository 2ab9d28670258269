import Synchronization
import Testing

@testable import FCGIApp

@Suite struct KeeperRunTests {
  @Test(.timeLimit(.minutes(1)))
  func `a run goes on beside others, and ends when it is told to`() async {
    let steps = Atomic<Int>(0)
    let long = KeeperRun {
      while !Task.isCancelled {
        steps.add(1, ordering: .relaxed)
        try? await Task.sleep(for: .milliseconds(1))
      }
    }
    let short = KeeperRun {}
    short.wait()
    #expect(short.isOver)
    while steps.load(ordering: .relaxed) < 3 { await Task.yield() }
    #expect(!long.isOver)
    long.cancel()
    long.wait()
    #expect(long.isOver)
  }
}
