import Testing

@testable import RedisCache

/// When a failing Redis is left alone, by a clock of the test's own.
struct RedisBreakerTests {
  private enum Step {
    case decide(Int, RedisBreaker.Decision)
    case fail(Int)
    case timeOut(Int)
    case succeed
    case probed(Int, Bool)
  }

  private static let cases: [(String, [Step])] = [
    ("closed, it lets all through", [.decide(0, .pass), .fail(0), .decide(0, .pass), .fail(1), .decide(1, .pass)]),
    (
      "three failures in a row open it, for 100 ms",
      [.fail(0), .fail(0), .fail(0), .decide(0, .fail), .decide(99, .fail), .decide(100, .probe)]
    ),
    ("a success in between starts anew", [.fail(0), .fail(0), .succeed, .fail(0), .fail(0), .decide(0, .pass)]),
    ("a timeout opens it by itself", [.timeOut(0), .decide(0, .fail)]),
    ("one alone tries", [.timeOut(0), .decide(100, .probe), .decide(100, .fail), .decide(5000, .fail)]),
    (
      "a trial that went well closes it",
      [.timeOut(0), .decide(100, .probe), .probed(101, true), .decide(101, .pass), .fail(101), .decide(101, .pass)]
    ),
    (
      "each trial that fails doubles the pause, up to 2 s",
      [
        .timeOut(0), .decide(100, .probe), .probed(100, false), .decide(299, .fail), .decide(300, .probe),
        .probed(300, false), .decide(699, .fail), .decide(700, .probe), .probed(700, false), .decide(1500, .probe),
        .probed(1500, false), .decide(3100, .probe), .probed(3100, false), .decide(5099, .fail),
        .decide(5100, .probe), .probed(5100, false), .decide(7099, .fail), .decide(7100, .probe),
      ]
    ),
    (
      "the pause is short again after it has closed",
      [
        .timeOut(0), .decide(100, .probe), .probed(100, false), .decide(300, .probe), .probed(300, true),
        .timeOut(400), .decide(499, .fail), .decide(500, .probe),
      ]
    ),
    (
      "open, others' successes and failures change nothing",
      [.timeOut(0), .succeed, .decide(50, .fail), .timeOut(90), .fail(90), .decide(100, .probe), .succeed, .fail(110)]
        + [.decide(110, .fail)]
    ),
    ("a trial that nobody asked for changes nothing", [.timeOut(0), .probed(1, true), .decide(1, .fail)]),
  ]

  @Test(arguments: cases.indices) func `decides as it should`(index: Int) {
    let (name, steps) = Self.cases[index]
    let start = ContinuousClock.now
    var breaker = RedisBreaker()
    for (number, step) in steps.enumerated() {
      switch step {
      case .decide(let time, let decision):
        #expect(breaker.decide(at: start + .milliseconds(time)) == decision, "\(name): step \(number)")
      case .fail(let time): _ = breaker.failed(isTimeout: false, at: start + .milliseconds(time))
      case .timeOut(let time): _ = breaker.failed(isTimeout: true, at: start + .milliseconds(time))
      case .succeed: breaker.succeeded()
      case .probed(let time, let success): breaker.probed(success: success, at: start + .milliseconds(time))
      }
    }
  }

  @Test func `says once that it opened, and when it is calm`() {
    var breaker = RedisBreaker()
    #expect(breaker.isCalm)
    let opened = [false, false, false, false, true].map { breaker.failed(isTimeout: $0, at: .now) }
    #expect(opened == [false, false, true, false, false])
    #expect(!breaker.isCalm)
  }
}
