import CLinux
import Core
import Glibc

/// The descriptors that a process of the service is started with.
enum InheritedDescriptor {
  /// The listening socket (FastCGI's convention).
  static let listener: Int32 = 0
  /// See ``SharedSegment``.
  static let segment: Int32 = 3
  /// Connected to the supervisor: a byte to it reports that the process is ready; its end means that the supervisor is
  /// gone.
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
  /// How long requests may take after it was told to end: its configuration's `http.draintimeout`.
  private let drainTimeout: Duration
  /// Whether it has reported that it is ready.
  private(set) var isReady = false
  /// Whether it was told to end within a time.
  private(set) var isEnding = false
  /// When it is ended by force.
  private(set) var killAt: ContinuousClock.Instant?
  /// Whether `control` is still open for reading.
  private(set) var isListening = true

  /// Starts this executable again. `descriptors`: the descriptors that it gets, with their numbers there.
  init(_ role: Role, descriptors: [(from: Int32, to: Int32)], drainTimeout: Duration) throws(SystemError) {
    self.role = role
    self.drainTimeout = drainTimeout
    let (control, theirs) = try Descriptor.socketPair(SOCK_STREAM)
    self.control = control
    id = try Spawn.start(
      "/proc/self/exe", ["berth", role.rawValue],
      descriptors: descriptors + [(theirs.raw, InheritedDescriptor.control)], isHeld: true)
  }

  /// A process that the previous executable has started.
  init(_ process: Takeover.Process) {
    role = process.role
    id = process.id
    control = Descriptor(process.control)
    drainTimeout = .milliseconds(process.drainTimeout)
    isReady = process.isReady
    killAt = process.killAfter.map { .now + .milliseconds($0) }
    isEnding = killAt != nil
  }

  /// Its state for the next executable.
  func left(isRetired: Bool) -> Takeover.Process {
    Takeover.Process(
      role: role, id: id, control: control.raw, drainTimeout: drainTimeout.milliseconds, isReady: isReady,
      isRetired: isRetired, killAfter: killAt.map { max(0, ($0 - .now).milliseconds) })
  }

  /// Reads its messages.
  func listen() {
    var byte: UInt8 = 0
    let count = recv(control.raw, &byte, 1, Int32(MSG_DONTWAIT))
    if count == 1 { isReady = true }
    if count == 0 { isListening = false }
  }

  /// What replaces a worker.
  enum Successor {
    /// Workers on the same socket.
    case sameAddress
    /// Workers on another one.
    case otherAddress
  }

  /// Tells a worker to end when the requests under way are answered, however long that takes.
  func retire(for successor: Successor) {
    kill(id, successor == .sameAddress ? SIGUSR1 : SIGUSR2)
  }

  /// Tells it to end. Killed if it does not: a little later than it would give up itself.
  func end() {
    isEnding = true
    killAt = .now + drainTimeout + .seconds(2)
    kill(id, SIGTERM)
  }

  /// Kills it if its time is over.
  func enforce(now: ContinuousClock.Instant) {
    guard let killAt, now >= killAt else { return }
    self.killAt = nil
    kill(id, SIGKILL)
  }

  /// How it ended; nil while it runs.
  func ended() -> Spawn.Ending? { Spawn.ended(id) }
}
