import CLinux
import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// A FastCGI application of a few lines (FastCGI specification 1.0), for tests of what nginx does before and after a
/// worker.
final class FastCGIResponder: Sendable {
  /// A request as far as it has arrived.
  struct Request: Sendable {
    var parameters: [String: String] = [:]
    var bodyLength = 0
    /// Whether nginx asks that the connection stay open.
    var isKept = false
    /// The request's number on its connection, from 1.
    var number = 0
  }

  private let descriptor: Int32
  private let answer: @Sendable (Request) -> String?
  private let received = Mutex(0)
  private let arrived = Mutex<[Request]>([])

  /// Bytes of bodies that have arrived so far.
  var bytesReceived: Int { received.withLock { $0 } }

  /// The requests that have arrived as a whole, in this order.
  var requests: [Request] { arrived.withLock { $0 } }

  /// Listens on a Unix socket; `answer` gives header and body of each response. nil: it dies over the request, as far
  /// as nginx can see.
  convenience init(path: String, answer: @escaping @Sendable (Request) -> String?) throws {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard status == 0, chmod(path, 0o666) == 0, listen(descriptor, 64) == 0 else { throw POSIXError(.EINVAL) }
    self.init(listener: descriptor, answer: answer)
  }

  /// With a socket that listens.
  init(listener descriptor: Int32, answer: @escaping @Sendable (Request) -> String?) {
    self.answer = answer
    self.descriptor = descriptor
    Thread.detachNewThread { [weak self, descriptor] in
      while true {
        let connection = accept(descriptor, nil, nil)
        guard connection >= 0, let self else { return }
        Thread.detachNewThread {
          self.serve(connection)
          close(connection)
        }
      }
    }
  }

  deinit {
    shutdown(descriptor, Int32(SHUT_RDWR))
    close(descriptor)
  }

  private func serve(_ connection: Int32) {
    var number = 0
    while true {
      number += 1
      var request = Request()
      request.number = number
      var parameters: [UInt8] = []
      while true {
        guard let header = Self.read(8, from: connection) else { return }
        let length = Int(header[4]) << 8 | Int(header[5])
        guard let content = Self.read(length + Int(header[6]), from: connection)?.prefix(length) else { return }
        if header[1] == 1 { request.isKept = content[2] & 1 == 1 }
        if header[1] == 4 { parameters += content }
        if header[1] == 5 {
          request.bodyLength += length
          received.withLock { $0 += length }
          if length == 0 { break }
        }
      }
      request.parameters = Self.pairs(parameters)
      arrived.withLock { $0.append(request) }
      guard let answer = answer(request) else { return }
      Self.write(6, Array(answer.utf8), to: connection)
      Self.write(6, [], to: connection)
      Self.write(3, Array(repeating: 0, count: 8), to: connection)
      if !request.isKept { return }
    }
  }

  private static func pairs(_ bytes: [UInt8]) -> [String: String] {
    var result: [String: String] = [:]
    var position = 0
    func length() -> Int {
      defer { position += bytes[position] < 128 ? 1 : 4 }
      if bytes[position] < 128 { return Int(bytes[position]) }
      return bytes[position..<position + 4].reduce(0) { $0 << 8 | Int($1) } & 0x7FFF_FFFF
    }
    while position < bytes.count {
      let (name, value) = (length(), length())
      let middle = position + name
      result[String(decoding: bytes[position..<middle], as: UTF8.self)] = String(
        decoding: bytes[middle..<middle + value], as: UTF8.self)
      position = middle + value
    }
    return result
  }

  private static func read(_ count: Int, from connection: Int32) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let result = bytes.withUnsafeMutableBytes { recv(connection, $0.baseAddress.map { $0 + done }, count - done, 0) }
      guard result > 0 else { return nil }
      done += result
    }
    return bytes
  }

  private static func write(_ type: UInt8, _ content: [UInt8], to connection: Int32) {
    let record = [1, type, 0, 1, UInt8(content.count >> 8), UInt8(content.count & 0xFF), 0, 0] + content
    _ = record.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
  }
}
