import Testing

@testable import FCGIApp

@Suite struct BackoffTests {
  @Test func `a process that had worked is replaced at once`() {
    var backoff = Backoff()
    let pause = backoff.pause(afterLiving: .seconds(1))
    #expect(pause == .zero)
  }

  @Test func `one that dies at once is waited for longer and longer, but not forever`() {
    var backoff = Backoff()
    let pauses = (0..<10).map { _ in backoff.pause(afterLiving: .milliseconds(10)) }
    #expect(pauses.prefix(4) == [.milliseconds(250), .milliseconds(500), .seconds(1), .seconds(2)])
    #expect(pauses.last == .seconds(30))
    let later = [backoff.pause(afterLiving: .seconds(5)), backoff.pause(afterLiving: .zero)]
    #expect(later == [.zero, .milliseconds(250)])
  }
}
