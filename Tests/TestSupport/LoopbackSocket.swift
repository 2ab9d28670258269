import Foundation

/// TCP on 127.0.0.1, for what tests put between a client and a server.
package enum LoopbackSocket {
  /// Listens on a free port.
  package static func listen(backlog: Int32 = 128) throws -> (descriptor: Int32, port: UInt16) {
    // Another process may take a port between the look at it and its use.
    for _ in 0..<5 {
      let port = try FreePort.next()
      if let descriptor = try? listen(at: port, backlog: backlog) { return (descriptor, port) }
    }
    let port = try FreePort.next()
    return (try listen(at: port, backlog: backlog), port)
  }

  /// Listens on a port.
  package static func listen(at port: UInt16, backlog: Int32 = 128) throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in.loopback(port)
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0, Foundation.listen(descriptor, backlog) == 0 else {
      close(descriptor)
      throw WireClient.Failure(description: "can't listen on port \(port): \(String(cString: strerror(errno)))")
    }
    return descriptor
  }

  /// Connects to a port until the kernel answers no further connection, since the queue of those that nothing accepts is
  /// full. Returns the connections, which are to be closed.
  package static func fillQueue(of port: UInt16) -> [Int32] {
    var queue: [Int32] = []
    while true {
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
      queue.append(descriptor)
      var address = sockaddr_in.loopback(port)
      _ = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          Foundation.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      // Over loopback, the kernel answers at once where it does.
      var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      guard poll(&entry, 1, 500) > 0, queue.count < 64 else { return queue }
    }
  }

  /// A connection; nil where nobody listens.
  static func connect(to port: UInt16) -> Int32? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in.loopback(port)
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Foundation.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0 else {
      close(descriptor)
      return nil
    }
    return descriptor
  }

  /// For each descriptor whether there is something to read, or its end; waits for 20 ms at the most.
  static func ready(_ descriptors: [Int32]) -> [Bool] {
    var entries = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    guard poll(&entries, nfds_t(entries.count), 20) > 0 else { return descriptors.map { _ in false } }
    return entries.map { $0.revents != 0 }
  }

  /// What has arrived; nil at the end.
  static func receive(_ descriptor: Int32) -> [UInt8]? {
    var block = [UInt8](repeating: 0, count: 64 << 10)
    let count = recv(descriptor, &block, block.count, 0)
    return count > 0 ? Array(block[..<count]) : nil
  }

  /// Sends all of it. Returns whether it could.
  static func send(_ bytes: [UInt8], _ descriptor: Int32) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  /// Has the close that follows be a reset for the other side.
  static func resetOnClose(_ descriptor: Int32) {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
  }
}
