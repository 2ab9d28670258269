import Glibc

/// A trial run of another executable before it takes over: whether it runs at all, reads the state that this one hands
/// over, uses the same layout of shared memory, and accepts the configuration.
final class ExecutableTrial {
  let path: String
  let deadline = ContinuousClock.now + .seconds(30)
  private let id: pid_t
  /// Its output.
  private let output: Descriptor

  /// Begins. `snapshot`: the configuration that is in use.
  init(_ path: String, configuration: String, snapshot: Descriptor) throws(SystemError) {
    self.path = path
    let output = try Descriptor.memory("berth-trial")
    self.output = output
    id = try Spawn.start(
      path,
      [
        path, TakeoverCheckCommand.name, "--takeover-format", "\(Takeover.format)", "--segment-format",
        SharedSegment.format, configuration, "/proc/self/fd/3",
      ], descriptors: [(output.raw, 1), (output.raw, 2), (snapshot.raw, 3)], isHeld: false)
  }

  /// The result; nil while it runs.
  func outcome(now: ContinuousClock.Instant) -> Outcome? {
    if now >= deadline {
      end()
      return .failed("it was not done within 30 seconds")
    }
    guard let ending = Spawn.ended(id) else { return nil }
    if case .exit(0) = ending { return .passed }
    return .failed("its \(TakeoverCheckCommand.name) \(ending)\(said.isEmpty ? "" : ": \(said)")")
  }

  /// Kills it.
  func end() {
    kill(id, SIGKILL)
    var status: Int32 = 0
    waitpid(id, &status, 0)
  }

  /// The beginning of what it printed.
  private var said: String {
    var bytes = [UInt8](repeating: 0, count: 2000)
    let count = pread(output.raw, &bytes, bytes.count, 0)
    let lines = String(decoding: bytes[..<max(0, count)], as: UTF8.self).split(separator: "\n")
    return lines.joined(separator: "; ")
  }

  enum Outcome {
    case passed
    /// Why it can't take over.
    case failed(String)
  }
}
