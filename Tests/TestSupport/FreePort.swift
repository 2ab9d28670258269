import Foundation
import Synchronization

/// Ports of 127.0.0.1 for servers.
package enum FreePort {
  private static let given = Mutex<Set<UInt16>>([])

  /// A port that was free a moment ago, as was the one 10000 above, which a server of a Redis cluster takes for itself.
  /// Both are below those that the kernel gives to outgoing connections, and the same is never given twice.
  package static func next() throws -> UInt16 {
    for _ in 0..<1000 {
      let port = UInt16.random(in: 11000..<21000)
      guard isFree(port), isFree(port + 10000) else { continue }
      if given.withLock({ $0.insert(port).inserted }) { return port }
    }
    throw WireClient.Failure(description: "no free port")
  }

  private static func isFree(_ port: UInt16) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in.loopback(port)
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }
}

extension sockaddr_in {
  /// 127.0.0.1 and a port.
  static func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }
}
