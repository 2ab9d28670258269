import Synchronization

/// One collection or verification that removes files.
final class RemovalRun: Sendable {
  /// A name that no other run has, in letters and digits.
  let name: String
  private let leftAside = Atomic<Bool>(false)

  init() {
    name = String(UInt64.random(in: .min ... .max), radix: 16)
  }

  /// What is known when it begins.
  struct Begin {
    /// The storage's time (nanoseconds since 1970).
    var now: Int64
    /// Whether a run that died may have left files moved aside.
    var isRecovering = false
  }

  /// Whether a file that was moved aside could neither be moved back nor be removed.
  var hasLeftAside: Bool { leftAside.load(ordering: .relaxed) }

  func leavesAside() {
    leftAside.store(true, ordering: .relaxed)
  }
}
