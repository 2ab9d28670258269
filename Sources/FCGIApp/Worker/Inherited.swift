import Core
import Glibc

/// The descriptors that a process of the service got from the supervisor.
struct Inherited {
  let configuration: Configuration
  let segment: SharedSegment
  let control: ControlSocket

  /// Takes over the descriptors. Throws where this process was not started by the supervisor.
  init() throws {
    for raw in InheritedDescriptor.segment...InheritedDescriptor.handoverReceiving {
      _ = fcntl(raw, F_SETFD, FD_CLOEXEC)
    }
    guard let segment = try SharedSegment.open(Descriptor(InheritedDescriptor.segment)) else {
      throw SystemError("this command is for `berth serve` to start", code: EINVAL)
    }
    self.segment = segment
    control = ControlSocket(Descriptor(InheritedDescriptor.control))
    var configuration = try ConfigurationFile.inherited(Environment.all)
    if configuration.http.secret.isEmpty { configuration.http.secret = Secret(segment.secret) }
    self.configuration = configuration
  }
}

/// A process's connection to the supervisor.
struct ControlSocket {
  private let descriptor: Descriptor
  /// Whether there is a supervisor, as far as this process knows.
  private var isSupervised = true

  init(_ descriptor: Descriptor) {
    self.descriptor = descriptor
  }

  /// How a process should end.
  enum Order {
    /// End; requests under way have `http.draintimeout` to finish.
    case stop
    /// Other workers take over at the same address. Requests under way finish, however long they take.
    case handOver
    /// Other workers take over at another address. As `handOver`, but no process listens here any more.
    case move
    /// The supervisor is gone, and so is the service. As `stop`, but no process listens any more.
    case abandon

    fileprivate init(_ signal: Int32) {
      self =
        switch signal {
        case SIGUSR1: .handOver
        case SIGUSR2: .move
        default: .stop
        }
    }

    /// Whether `http.draintimeout` applies.
    var isBounded: Bool { self == .stop || self == .abandon }
    /// Whether the listening socket should refuse connections.
    var refuses: Bool { self == .move || self == .abandon }
  }

  /// Reports to the supervisor that this process is ready.
  func reportReady() {
    Descriptor.write([1], to: descriptor.raw)
  }

  /// Waits until this process is told to end, or until the supervisor is gone.
  mutating func waitForEnd(_ signals: SignalDescriptor) -> Order {
    while true {
      if let order = self.order(signals, within: nil) { return order }
    }
  }

  /// Waits for at most `duration`. Returns a new order, each one once; nil: none came.
  mutating func order(_ signals: SignalDescriptor, within duration: Duration?) -> Order? {
    let sources = isSupervised ? [signals.raw, descriptor.raw] : [signals.raw]
    let ready = SignalDescriptor.poll(sources, timeout: duration)
    if let signal = signals.next() { return Order(signal) }
    guard isSupervised, ready[1] else { return nil }
    isSupervised = false
    return .abandon
  }

  /// Waits for at most `duration`. Returns whether this process should end.
  func isEnded(_ signals: SignalDescriptor, within duration: Duration?) -> Bool {
    SignalDescriptor.poll([signals.raw, descriptor.raw], timeout: duration).contains(true)
  }
}
