import CLinux
import Core
import Glibc

/// What is done to a connection's socket around libfcgi.
enum ConnectionSocket {
  /// The next connection of a listening socket that does not block; nil where there is none, or none can be had.
  /// - Parameter isLocal: whether it is a Unix socket.
  static func accept(from listener: Int32, isLocal: Bool) -> Int32? {
    let connection = accept4(listener, nil, nil, Int32(SOCK_CLOEXEC.rawValue))
    guard connection >= 0 else { return nil }
    if isLocal { return connection }
    var on: Int32 = 1
    setsockopt(connection, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    setsockopt(connection, SOL_SOCKET, SO_KEEPALIVE, &on, socklen_t(MemoryLayout<Int32>.size))
    return connection
  }

  /// Whether a socket is a Unix socket, which needs none of TCP's options.
  static func isLocal(_ socket: Int32) -> Bool {
    var address = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let status = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) }
    }
    return status == 0 && address.ss_family == AF_UNIX
  }

  /// What has arrived on a connection that is between two requests.
  enum Arrival {
    case nothing, request, unusable
  }

  /// Looks at what has arrived without taking it.
  static func arrival(on connection: Int32) -> Arrival {
    withUnsafeTemporaryAllocation(byteCount: 8, alignment: 8) { header in
      let count = recv(connection, header.baseAddress, header.count, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
      if count < 0 { return errno == EAGAIN || errno == EINTR ? .nothing : .unusable }
      if count == 0 { return .unusable }
      return count < header.count || isFirstRecord(header) ? .request : .unusable
    }
  }

  /// Whether the peer has closed its end; what it sent before may not have been read yet.
  static func isClosedByPeer(_ connection: Int32) -> Bool {
    var entry = pollfd(fd: connection, events: Int16(BERTH_POLLRDHUP), revents: 0)
    return poll(&entry, 1, 0) > 0 && entry.revents != 0
  }

  /// Whether a record may be the first one of a connection: the beginning of a request. No web server asks what the
  /// application can do (FCGI_GET_VALUES), and libfcgi would wait for more before it answers, holding the thread.
  private static func isFirstRecord(_ header: UnsafeMutableRawBufferPointer) -> Bool {
    header[0] == 1 && header[1] == 1 && header[4] == 0 && header[5] == 8
  }

  /// Closes a connection whose peer may still be sending, so that it can read what was sent to it before it is told
  /// that nobody listens. Takes at most two seconds and some megabytes.
  static func closeGently(_ connection: Int32) {
    shutdown(connection, Int32(SHUT_WR))
    let deadline = ContinuousClock.now + .seconds(2)
    var rest = 64 << 20
    withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 16) { scratch in
      while rest > 0, case let left = deadline - ContinuousClock.now, left > .zero {
        var entry = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, Int32(left.milliseconds)) > 0 else { break }
        let count = recv(connection, scratch.baseAddress, scratch.count, Int32(MSG_DONTWAIT))
        guard count > 0 else { break }
        rest -= count
      }
    }
    close(connection)
  }
}
