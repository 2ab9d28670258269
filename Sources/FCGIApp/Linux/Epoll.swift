import CLinux
import Glibc

/// One epoll set: what all threads of a worker wait on.
final class Epoll: Sendable {
  /// What became ready.
  enum Event {
    /// An idle connection.
    case connection(Int32)
    /// Something else that was added under a name.
    case source(Int32)
  }

  private let descriptor: Descriptor

  /// An empty set.
  init() throws(SystemError) {
    let raw = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard raw >= 0 else { throw SystemError("epoll_create1") }
    descriptor = Descriptor(raw)
  }

  /// Waits for one event.
  func wait() -> Event {
    var event = epoll_event()
    while epoll_wait(descriptor.raw, &event, 1, -1) != 1 {}
    let raw = Int32(truncatingIfNeeded: event.data.u64)
    return event.data.u64 >> 32 == 0 ? .connection(raw) : .source(raw)
  }

  /// Watches a connection until it is ready once.
  /// - Parameter known: whether it has been in the set before.
  func arm(_ connection: Int32, known: Bool) -> Bool {
    control(
      known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, connection,
      events: EPOLLIN.rawValue | EPOLLRDHUP.rawValue | EPOLLONESHOT.rawValue, data: UInt64(connection))
  }

  /// Watches something that several processes share: for each change, one thread of one of them is woken, who is to
  /// take all that there is. (Told of what there is rather than of changes, a thread that wakes would wake the next
  /// one, and that one the next, until somebody has taken it.)
  func addShared(_ raw: Int32) throws(SystemError) {
    let events = EPOLLIN.rawValue | EPOLLEXCLUSIVE.rawValue | EPOLLET.rawValue
    guard control(EPOLL_CTL_ADD, raw, events: events, data: 1 << 32 | UInt64(raw)) else {
      throw SystemError("epoll_ctl")
    }
  }

  /// Watches something whose readiness every thread must see.
  func addForAll(_ raw: Int32) throws(SystemError) {
    guard control(EPOLL_CTL_ADD, raw, events: EPOLLIN.rawValue, data: 1 << 32 | UInt64(raw)) else {
      throw SystemError("epoll_ctl")
    }
  }

  /// Watches it no more.
  func remove(_ raw: Int32) {
    _ = control(EPOLL_CTL_DEL, raw, events: 0, data: 0)
  }

  private func control(_ operation: Int32, _ raw: Int32, events: UInt32, data: UInt64) -> Bool {
    var event = epoll_event(events: events, data: epoll_data_t(u64: data))
    return epoll_ctl(descriptor.raw, operation, raw, &event) == 0
  }
}
