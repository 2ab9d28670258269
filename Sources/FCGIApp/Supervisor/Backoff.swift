/// How long to wait before a process that died is started again.
struct Backoff: Sendable {
  /// A process that ran for this long had started correctly.
  static let healthyAge = Duration.seconds(1)
  /// The longest pause.
  static let limit = Duration.seconds(30)
  private var pause = Duration.zero

  /// The pause after a process that lived for `age`: none if it had started correctly, else twice the last one.
  mutating func pause(afterLiving age: Duration) -> Duration {
    if age >= Self.healthyAge {
      pause = .zero
    } else {
      pause = min(Self.limit, max(.milliseconds(250), pause * 2))
    }
    return pause
  }
}
