import CLinux
import Glibc

/// The descriptors that a process of the service is started with.
enum InheritedDescriptor {
  /// The listening socket (FastCGI's convention).
  static let listener: Int32 = 0
  /// See ``SharedSegment``.
  static let segment: Int32 = 3
  /// Connected to the supervisor: a byte to it says "ready", its end means that the supervisor is gone.
  static let control: Int32 = 4
  /// The configuration file as it was when it was found to be valid.
  static let configuration: Int32 = 5
  /// See ``Handover``.
  static let handoverSending: Int32 = 6
  /// See ``Handover``.
  static let handoverReceiving: Int32 = 7
}

/// A running process of the service.
final class Child {
  /// What it does.
  enum Role: String {
    case worker, keeper
  }

  let role: Role
  let id: pid_t
  /// See ``InheritedDescriptor/control``.
  let control: Descriptor
  let started = ContinuousClock.now
  /// How long it gives requests once it is told to end: its configuration's `http.draintimeout`.
  private let drainTimeout: Duration
  /// Whether it does its work.
  private(set) var isReady = false
  /// Whether it was told to end within a time.
  private(set) var isEnding = false
  /// When it is ended by force.
  private(set) var killAt: ContinuousClock.Instant?
  /// Whether there may be something to read from `control`.
  private(set) var isListening = true

  /// Starts this executable again. `descriptors`: what it gets under which number.
  init(_ role: Role, descriptors: [(from: Int32, to: Int32)], drainTimeout: Duration) throws(SystemError) {
    self.role = role
    self.drainTimeout = drainTimeout
    let (control, theirs) = try Descriptor.socketPair(SOCK_STREAM)
    self.control = control
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (from, to) in descriptors + [(theirs.raw, InheritedDescriptor.control)] {
      posix_spawn_file_actions_adddup2(&actions, from, to)
    }
    // A process group of its own: Ctrl-C is for the supervisor, which then ends its processes in order.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var mask = sigset_t()
    sigemptyset(&mask)
    posix_spawnattr_setsigmask(&attributes, &mask)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETPGROUP))
    var id: pid_t = 0
    let arguments: [UnsafeMutablePointer<CChar>?] = [strdup("berth"), strdup(role.rawValue), nil]
    defer { for argument in arguments { free(argument) } }
    let status = posix_spawn(&id, "/proc/self/exe", &actions, &attributes, arguments, environ)
    guard status == 0 else { throw SystemError("can't start a \(role.rawValue)", code: status) }
    self.id = id
  }

  /// Reads what it says.
  func listen() {
    var byte: UInt8 = 0
    let count = recv(control.raw, &byte, 1, Int32(MSG_DONTWAIT))
    if count == 1 { isReady = true }
    if count == 0 { isListening = false }
  }

  /// What takes a worker's place.
  enum Successor {
    /// Workers on the same socket.
    case sameAddress
    /// Workers on another one.
    case otherAddress
  }

  /// Tells a worker to end once it has answered what is under way, however long that takes.
  func retire(for successor: Successor) {
    kill(id, successor == .sameAddress ? SIGUSR1 : SIGUSR2)
  }

  /// Tells it to end. Killed if it does not: a little later than it would give up itself.
  func end() {
    isEnding = true
    killAt = .now + drainTimeout + .seconds(2)
    kill(id, SIGTERM)
  }

  /// Ends it by force where its time is over.
  func enforce(now: ContinuousClock.Instant) {
    guard let killAt, now >= killAt else { return }
    self.killAt = nil
    kill(id, SIGKILL)
  }

  /// How it ended; nil while it runs.
  func ended() -> Ending? {
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
      case .signal(SIGKILL): "if nobody killed it, the machine ran out of memory: see the kernel's log"
      case .signal: "this is a fault of Berth: please report it with the lines above"
      }
    }
  }
}
