import Dispatch
import Synchronization
import Testing

@testable import FCGIApp

@Suite struct KeeperRunTests {
  @Test(.timeLimit(.minutes(10)))
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

  /// What a task has been told of its deadline, in seconds after the begin: since when, and when.
  private final class Misses: Sendable {
    private let values = Mutex<[[Int64]]>([])
    let start = ContinuousClock.now

    var all: [[Int64]] { values.withLock { $0 } }
    func add(_ since: ContinuousClock.Instant, _ now: ContinuousClock.Instant) {
      values.withLock { $0.append([since, now].map { (($0 - start).components.seconds) }) }
    }
  }

  @Test(.timeLimit(.minutes(10)))
  func `a run that is stuck misses its deadline, and again when it is due, and no other one is begun`() async {
    let begun = Atomic<Int>(0)
    let misses = Misses()
    let start = misses.start
    let gate = DispatchSemaphore(value: 0)
    let block: @Sendable () -> Void = { gate.wait() }
    let task = KeeperTask(
      name: "stuck", interval: .seconds(10), jitter: .zero, deadline: .init(after: .seconds(5), missed: misses.add)
    ) {
      // Deaf to its cancellation, as a system call is.
      if begun.add(1, ordering: .relaxed).newValue == 1 { block() }
    }
    var runs = KeeperRuns([task]) { task in try? await task.run() }
    runs.start(0, at: start)
    while begun.load(ordering: .relaxed) == 0 { await Task.yield() }
    #expect(runs.enforceDeadlines(at: start + .seconds(1)) == .seconds(4))
    #expect(misses.all == [])
    #expect(runs.enforceDeadlines(at: start + .seconds(6)) == nil)
    #expect(runs.enforceDeadlines(at: start + .seconds(7)) == nil)
    #expect(misses.all == [[0, 6]])
    runs.start(0, at: start + .seconds(10))
    runs.start(0, at: start + .seconds(20))
    #expect(misses.all == [[0, 6], [0, 10], [0, 20]])
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

  @Test(.timeLimit(.minutes(10)))
  func `runs that end for being cancelled are missed at every interval, until one ends in time`() async {
    let misses = Misses()
    let start = misses.start
    let isSilent = Atomic(true)
    let task = KeeperTask(
      name: "silent", interval: .seconds(10), jitter: .zero, deadline: .init(after: .seconds(5), missed: misses.add)
    ) {
      while isSilent.load(ordering: .relaxed), !Task.isCancelled { await Task.yield() }
    }
    var runs = KeeperRuns([task]) { task in try? await task.run() }
    for round in 0..<3 as Range<Int64> {
      runs.start(0, at: start + .seconds(10 * round))
      _ = runs.enforceDeadlines(at: start + .seconds(10 * round + 5))
      while !runs.areOver { await Task.yield() }
    }
    // The first deadline, and then each interval: not a deadline more for each check.
    #expect(misses.all == [[0, 5], [0, 10], [0, 20]])
    isSilent.store(false, ordering: .relaxed)
    for round in 3..<5 as Range<Int64> {
      runs.start(0, at: start + .seconds(10 * round))
      while !runs.areOver { await Task.yield() }
    }
    #expect(misses.all == [[0, 5], [0, 10], [0, 20], [0, 30]])
  }
}
