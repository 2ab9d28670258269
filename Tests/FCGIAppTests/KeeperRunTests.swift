import Dispatch
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

  @Test(.timeLimit(.minutes(1)))
  func `a run that is stuck misses its deadline, and again when it is due, and no other one is begun`() async {
    let begun = Atomic<Int>(0)
    let missed = Mutex<[Duration]>([])
    let gate = DispatchSemaphore(value: 0)
    let block: @Sendable () -> Void = { gate.wait() }
    let task = KeeperTask(
      name: "stuck", interval: .seconds(10), jitter: .zero,
      deadline: .init(after: .seconds(5), missed: { duration in missed.withLock { $0.append(duration) } })
    ) {
      // Deaf to its cancellation, as a system call is.
      if begun.add(1, ordering: .relaxed).newValue == 1 { block() }
    }
    var runs = KeeperRuns([task]) { task in try? await task.run() }
    let start = ContinuousClock.now
    runs.start(0, at: start)
    while begun.load(ordering: .relaxed) == 0 { await Task.yield() }
    #expect(runs.enforceDeadlines(at: start + .seconds(1)) == .seconds(4))
    #expect(missed.withLock { $0 } == [])
    #expect(runs.enforceDeadlines(at: start + .seconds(6)) == nil)
    #expect(runs.enforceDeadlines(at: start + .seconds(7)) == nil)
    #expect(missed.withLock { $0 } == [.seconds(6)])
    runs.start(0, at: start + .seconds(10))
    runs.start(0, at: start + .seconds(20))
    #expect(missed.withLock { $0 } == [.seconds(6), .seconds(10), .seconds(20)])
    #expect(begun.load(ordering: .relaxed) == 1)
    // Its end is not waited for where the service ends.
    runs.end()
    gate.signal()
    while begun.load(ordering: .relaxed) == 1 {
      runs.start(0, at: start + .seconds(30))
      await Task.yield()
    }
    runs.end()
  }
}
