import CLinux
import Core
import Glibc

/// Creates the sockets that hiredis uses. hiredis itself tries only one address of a name, and lets child processes
/// inherit the socket.
enum RedisSocket {
  /// A connected, non-blocking socket. Names are resolved each time, by the C library, without a timeout of ours.
  /// - Parameter writeTimeout: after which the kernel gives up on bytes that the other side doesn't take.
  static func connect(
    to address: RedisAddress, timeout: Duration, writeTimeout: Duration
  ) throws(RedisError) -> Int32 {
    switch address {
    case .unix(let path):
      return try connectUnix(path, timeout: timeout)
    case .tcp(let host, let port):
      let socket = try connectTCP(host, port, name: address.description, timeout: timeout)
      set(socket, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
      set(socket, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, Int32(clamping: writeTimeout.milliseconds))
      set(socket, SOL_SOCKET, SO_KEEPALIVE, 1)
      set(socket, Int32(IPPROTO_TCP), TCP_KEEPIDLE, 15)
      set(socket, Int32(IPPROTO_TCP), TCP_KEEPINTVL, 5)
      set(socket, Int32(IPPROTO_TCP), TCP_KEEPCNT, 3)
      return socket
    }
  }

  /// Makes `close` discard unsent data, so that commands are not delivered and carried out later.
  static func abortOnClose(_ socket: Int32) {
    var linger = linger(l_onoff: 1, l_linger: 0)
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
  }

  /// Waits until the socket can be read from or written to, or has failed.
  /// - Returns: false where that took until `deadline`.
  static func wait(_ socket: Int32, for events: Int32, until deadline: ContinuousClock.Instant) -> Bool {
    var entry = pollfd(fd: socket, events: Int16(events), revents: 0)
    while true {
      // Rounded up, so that the last millisecond isn't a busy loop.
      let left = (deadline - ContinuousClock.now).milliseconds
      let status = poll(&entry, 1, Int32(clamping: max(0, left)))
      if status > 0 { return true }
      if status == 0, left <= Int64(Int32.max) { return false }
      if status < 0, errno != EINTR { return true }
    }
  }

  private static func connectTCP(
    _ host: String, _ port: UInt16, name: String, timeout: Duration
  ) throws(RedisError) -> Int32 {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_NUMERICSERV
    var list: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(host, String(port), &hints, &list)
    guard status == 0 else {
      throw RedisError(.unavailable, "can't resolve \(host)", cause: String(cString: gai_strerror(status)))
    }
    defer { freeaddrinfo(list) }
    var addresses: [UnsafeMutablePointer<addrinfo>] = []
    while let entry = list, addresses.count < 8 {
      addresses.append(entry)
      list = entry.pointee.ai_next
    }
    list = addresses.first
    let deadline = ContinuousClock.now + timeout
    var failure = ECONNREFUSED
    for (index, address) in addresses.enumerated() {
      // Leave time for the other addresses if one doesn't answer.
      let now = ContinuousClock.now
      let share = now + (deadline - now) / (addresses.count - index)
      let info = address.pointee
      let socket = Glibc.socket(info.ai_family, flags, 0)
      guard socket >= 0 else {
        failure = errno
        continue
      }
      failure = connect(socket, info.ai_addr, info.ai_addrlen, until: share)
      if failure == 0 { return socket }
      close(socket)
    }
    throw error(failure, connectingTo: name)
  }

  private static func connectUnix(_ path: String, timeout: Duration) throws(RedisError) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
    let socket = Glibc.socket(AF_UNIX, flags, 0)
    guard socket >= 0 else { throw error(errno, connectingTo: path) }
    let failure = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size), until: ContinuousClock.now + timeout)
      }
    }
    if failure == 0 { return socket }
    close(socket)
    throw error(failure, connectingTo: path)
  }

  private static let flags = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)

  /// - Returns: the system's reason for a failure; 0: there was none.
  private static func connect(
    _ socket: Int32, _ address: UnsafePointer<sockaddr>?, _ length: socklen_t, until deadline: ContinuousClock.Instant
  ) -> Int32 {
    if Glibc.connect(socket, address, length) == 0 { return 0 }
    guard errno == EINPROGRESS || errno == EINTR else { return errno }
    guard wait(socket, for: POLLOUT, until: deadline) else { return ETIMEDOUT }
    var failure: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(socket, SOL_SOCKET, SO_ERROR, &failure, &size)
    return failure
  }

  private static func error(_ code: Int32, connectingTo name: String) -> RedisError {
    RedisError(
      code == ETIMEDOUT ? .timeout : .unavailable, "can't connect to \(name)", cause: String(cString: strerror(code)))
  }

  private static func set(_ socket: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
    var value = value
    setsockopt(socket, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
  }
}
