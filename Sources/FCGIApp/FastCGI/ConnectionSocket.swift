import CLinux
import Core
import Glibc
// Where optimised builds find `timeval`.
import SwiftOverlayShims

/// Operations on a connection's socket that libfcgi does not have.
enum ConnectionSocket {
  /// Timeout of one read, in seconds. Long for a header, which web servers send at once; a body may take many reads.
  private static let readTimeout = 5

  /// Accepts the next connection of a non-blocking listening socket; nil where there is none, or accepting fails.
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

  /// Bounds the time of each blocking read. To be called before the first one of a connection: most connections have
  /// none, because the whole request has arrived when they are accepted.
  static func boundReads(of connection: Int32) {
    var timeout = timeval(tv_sec: readTimeout, tv_usec: 0)
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
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
    case nothing
    /// Part of a request's header.
    case part
    /// All of a request's header.
    case request
    /// Something else, or the end.
    case unusable
  }

  /// Looks at what has arrived without taking it.
  static func arrival(on connection: Int32) -> Arrival {
    let usual = arrival(on: connection, looking: usualHeader)
    return usual ?? arrival(on: connection, looking: RequestHeader.limit) ?? .unusable
  }

  /// Bytes; most headers are shorter. Not more than what a temporary allocation takes from the stack.
  private static let usualHeader = 1 << 10

  /// nil: more than `length` bytes are needed to decide.
  private static func arrival(on connection: Int32, looking length: Int) -> Arrival? {
    withUnsafeTemporaryAllocation(byteCount: length, alignment: 8) { header in
      let count = recv(connection, header.baseAddress, length, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
      if count < 0 { return errno == EAGAIN || errno == EINTR ? .nothing : .unusable }
      if count == 0 { return .unusable }
      return switch RequestHeader.extent(of: UnsafeRawBufferPointer(rebasing: header[..<count])) {
      case .whole: .request
      case .partial: count == length ? nil : .part
      case .malformed: .unusable
      }
    }
  }

  /// Whether the peer has closed its end; what it sent before may not have been read yet.
  static func isClosedByPeer(_ connection: Int32) -> Bool {
    var entry = pollfd(fd: connection, events: Int16(BERTH_POLLRDHUP), revents: 0)
    return poll(&entry, 1, 0) > 0 && entry.revents != 0
  }
}
