import CLinux
import Glibc

/// One epoll set: what all threads of a worker wait on.
final class Epoll: Sendable {
  /// What became ready.
  enum Event {
    /// An idle connection. `isNew`: it was not watched before, and has carried one request at the most.
    case connection(Int32, isNew: Bool)
    /// A descriptor that was added by ``addShared(_:)`` or ``addForAll(_:)``.
    case source(Int32)
  }

  private let descriptor: Descriptor

  /// The kind of a descriptor, in the upper half of an event's data.
  private enum Kind {
    static let source: UInt64 = 1 << 32
    static let newConnection: UInt64 = 2 << 32
  }

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
    return switch event.data.u64 & ~UInt64(UInt32.max) {
    case Kind.source: .source(raw)
    case let kind: .connection(raw, isNew: kind == Kind.newConnection)
    }
  }

  /// Watches a connection until it is ready once.
  /// - Parameter known: whether it has been in the set before.
  func arm(_ connection: Int32, known: Bool) -> Bool {
    control(
      known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, connection,
      events: EPOLLIN.rawValue | EPOLLRDHUP.rawValue | EPOLLONESHOT.rawValue,
      data: (known ? 0 : Kind.newConnection) | UInt64(connection))
  }

  /// Watches a descriptor that several processes share, edge-triggered: each change wakes one thread, which must take
  /// everything. (Level-triggered, it would wake one thread after another until the descriptor is empty.)
  func addShared(_ raw: Int32) throws(SystemError) {
    let events = EPOLLIN.rawValue | EPOLLEXCLUSIVE.rawValue | EPOLLET.rawValue
    guard control(EPOLL_CTL_ADD, raw, events: events, data: Kind.source | UInt64(raw)) else {
      throw SystemError("epoll_ctl")
    }
  }

  /// Watches a descriptor, level-triggered, so that every thread sees that it is ready.
  func addForAll(_ raw: Int32) throws(SystemError) {
    guard control(EPOLL_CTL_ADD, raw, events: EPOLLIN.rawValue, data: Kind.source | UInt64(raw)) else {
      throw SystemError("epoll_ctl")
    }
  }

  /// Stops watching a descriptor.
  func remove(_ raw: Int32) {
    _ = control(EPOLL_CTL_DEL, raw, events: 0, data: 0)
  }

  private func control(_ operation: Int32, _ raw: Int32, events: UInt32, data: UInt64) -> Bool {
    var event = epoll_event(events: events, data: epoll_data_t(u64: data))
    return epoll_ctl(descriptor.raw, operation, raw, &event) == 0
  }
}
