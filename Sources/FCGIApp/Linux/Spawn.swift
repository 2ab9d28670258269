import CLinux
import Glibc

/// Starts programs.
enum Spawn {
  /// Signals that are blocked until a process of the service reads them: earlier, they would end it.
  private static let held = [SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2]

  /// Starts `path`, in a process group of its own, so that Ctrl-C reaches only the supervisor, which then ends its
  /// processes in order.
  /// - Parameters:
  ///   - arguments: with the program's name.
  ///   - descriptors: the descriptors that it gets, with their numbers there; it also inherits those without
  ///     close-on-exec.
  ///   - isHeld: whether signals that would end it are blocked until it reads them (``SignalDescriptor``).
  static func start(
    _ path: String, _ arguments: [String], descriptors: [(from: Int32, to: Int32)], isHeld: Bool
  ) throws(SystemError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (from, to) in descriptors { posix_spawn_file_actions_adddup2(&actions, from, to) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var mask = sigset_t()
    sigemptyset(&mask)
    if isHeld { for signal in held { sigaddset(&mask, signal) } }
    posix_spawnattr_setsigmask(&attributes, &mask)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETPGROUP))
    var id: pid_t = 0
    let status = withArguments(arguments) { posix_spawn(&id, path, &actions, &attributes, $0, environ) }
    guard status == 0 else { throw SystemError("can't start \(path)", code: status) }
    return id
  }

  /// Calls `body` with `arguments` as C strings, ended by nil.
  static func withArguments<Result>(
    _ arguments: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
  ) -> Result {
    let copies = arguments.map { strdup($0) } + [nil]
    defer { for copy in copies { free(copy) } }
    return body(copies)
  }

  /// How a child process ended; nil while it runs.
  static func ended(_ id: pid_t) -> Ending? {
    var status: Int32 = 0
    guard waitpid(id, &status, WNOHANG) == id else { return nil }
    let signal = status & 0x7F
    return signal == 0 ? .exit((status >> 8) & 0xFF) : .signal(signal)
  }

  /// How a process ended.
  enum Ending: CustomStringConvertible {
    case exit(Int32)
    case signal(Int32)

    var description: String {
      switch self {
      case .exit(let code): "exited with status \(code)"
      case .signal(let signal): "was ended by signal \(signal) (\(String(cString: strsignal(signal))))"
      }
    }

    /// What an operator can do about it.
    var remedy: String {
      switch self {
      case .exit: "see its last messages"
      case .signal(SIGKILL): "unless an operator killed it, the machine ran out of memory: see the kernel's log"
      case .signal: "this is a fault of Berth: please report it with the lines above"
      }
    }
  }
}
