import Core
import Glibc

/// What a process of the service was given by the supervisor.
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

  init(_ descriptor: Descriptor) {
    self.descriptor = descriptor
  }

  /// What a process is to do at its end.
  enum Order {
    case stop, handOver
  }

  /// Says that this process does its work.
  func reportReady() {
    Descriptor.write([1], to: descriptor.raw)
  }

  /// Waits until this process is told to end, or until the supervisor is gone, however it went.
  func waitForEnd(_ signals: SignalDescriptor) -> Order {
    while true {
      if isEnded(signals, within: nil) { return order(signals) }
    }
  }

  /// Waits for at most `duration`. Returns whether this process is to end.
  func isEnded(_ signals: SignalDescriptor, within duration: Duration?) -> Bool {
    SignalDescriptor.poll([signals.raw, descriptor.raw], timeout: duration).contains(true)
  }

  private func order(_ signals: SignalDescriptor) -> Order {
    signals.next() == SIGUSR1 ? .handOver : .stop
  }
}
