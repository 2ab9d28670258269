import CLinux
import Core
import Glibc

/// Signals as a descriptor (signalfd): while it exists they interrupt nothing, and are read in a poll loop.
struct SignalDescriptor {
  private let descriptor: Descriptor

  /// Blocks `signals` in this thread and in all threads that it starts, and collects them.
  init(_ signals: [Int32]) throws(SystemError) {
    var set = sigset_t()
    sigemptyset(&set)
    for signal in signals { sigaddset(&set, signal) }
    pthread_sigmask(SIG_BLOCK, &set, nil)
    let raw = signalfd(-1, &set, Int32(SFD_CLOEXEC) | Int32(SFD_NONBLOCK))
    guard raw >= 0 else { throw SystemError("signalfd") }
    descriptor = try Descriptor.above(raw)
  }

  /// What to poll.
  var raw: Int32 { descriptor.raw }

  /// The next signal; nil where there is none.
  func next() -> Int32? {
    var info = signalfd_siginfo()
    let count = read(descriptor.raw, &info, MemoryLayout<signalfd_siginfo>.size)
    return count == MemoryLayout<signalfd_siginfo>.size ? Int32(info.ssi_signo) : nil
  }

  /// Waits until one of `descriptors` can be read, has ended, or `timeout` is over.
  /// - Returns: for each whether it is ready.
  static func poll(_ descriptors: [Int32], timeout: Duration?) -> [Bool] {
    var list = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    let milliseconds = timeout.map { max(0, min($0.milliseconds, 3_600_000)) } ?? -1
    guard Glibc.poll(&list, nfds_t(list.count), Int32(milliseconds)) > 0 else {
      return descriptors.map { _ in false }
    }
    return list.map { $0.revents != 0 }
  }
}
