import Foundation
import Glibc
import TestSupport

/// One connection to a FastCGI application, as a web server would have it: writes records, reads the answer's.
final class FastCGIConnection {
  let descriptor: Int32

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  struct Answer: Equatable {
    var status = 0
    var head = ""
    var body: [UInt8] = []
    /// Whether the record came that says it is complete; without it the connection was closed.
    var isComplete = false

    var text: String { String(decoding: body, as: UTF8.self) }
  }

  init(path: String) throws {
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    try connect(to: address, "\(path)")
  }

  init(port: UInt16) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    try connect(to: address, "port \(port)")
  }

  private func connect<Address>(to address: Address, _ name: String) throws {
    let status = withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<Address>.size))
      }
    }
    guard status == 0 else { throw Failure(description: "connect to \(name): \(String(cString: strerror(errno)))") }
    var timeout = timeval(tv_sec: 300, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit {
    close(descriptor)
  }

  /// No more will be written; what is to come can still be read.
  func endWriting() {
    shutdown(descriptor, Int32(SHUT_WR))
  }

  func write(_ bytes: [UInt8]) throws {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        send(descriptor, $0.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw Failure(description: "send: \(String(cString: strerror(errno)))") }
      sent += count
    }
  }

  /// Whether the other side has read all that was written.
  var isRead: Bool {
    var unread: Int32 = 0
    return ioctl(descriptor, UInt(TIOCOUTQ), &unread) == 0 && unread == 0
  }

  /// The records that begin a request.
  static func begin(
    _ method: String = "GET", _ target: String = "/", parameters: [(String, String)] = [], role: UInt8 = 1,
    keep: Bool = true
  ) -> [UInt8] {
    var content: [UInt8] = []
    for (name, value) in [("REQUEST_METHOD", method), ("REQUEST_URI", target)] + parameters {
      for text in [name, value] {
        let count = UInt32(text.utf8.count)
        content += count < 128 ? [UInt8(count)] : withUnsafeBytes(of: (count | 1 << 31).bigEndian) { Array($0) }
      }
      content += Array(name.utf8) + Array(value.utf8)
    }
    return record(1, [0, role, keep ? 1 : 0, 0, 0, 0, 0, 0]) + stream(4, content) + record(4, [])
  }

  /// Content in records of at most 64 KiB.
  static func stream(_ type: UInt8, _ content: [UInt8]) -> [UInt8] {
    stride(from: 0, to: content.count, by: 65528).flatMap { record(type, Array(content[$0...].prefix(65528))) }
  }

  static func record(_ type: UInt8, _ content: [UInt8], request: UInt8 = 1) -> [UInt8] {
    [1, type, 0, request, UInt8(content.count >> 8), UInt8(content.count & 255), 0, 0] + content
  }

  /// A piece of the body.
  static func body(_ content: [UInt8]) -> [UInt8] { stream(5, content) }
  /// The end of the body.
  static let endOfBody = record(5, [])

  /// Sends a request and reads its answer.
  func exchange(
    _ method: String = "GET", _ target: String = "/", parameters: [(String, String)] = [], body: [UInt8]? = nil,
    keep: Bool = true
  ) throws -> Answer {
    var parameters = parameters
    if let body { parameters.append(("CONTENT_LENGTH", String(body.count))) }
    try write(
      Self.begin(method, target, parameters: parameters, keep: keep) + Self.body(body ?? []) + Self.endOfBody)
    return try answer()
  }

  /// Reads an answer, to its end or to the connection's.
  func answer() throws -> Answer {
    var output: [UInt8] = []
    var answer = Answer()
    while !answer.isComplete, let header = try read(8) {
      let length = Int(header[4]) << 8 | Int(header[5])
      guard let content = try read(length + Int(header[6])) else { break }
      switch header[1] {
      case 6: output += content.prefix(length)
      case 3: answer.isComplete = true
      default: break
      }
    }
    let text = Data(output)
    if let end = text.range(of: Data("\r\n\r\n".utf8)) {
      answer.head = String(decoding: text[..<end.lowerBound], as: UTF8.self)
      answer.body = Array(text[end.upperBound...])
      if answer.head.hasPrefix("Status: ") { answer.status = Int(answer.head.dropFirst(8).prefix(3)) ?? 0 }
    }
    return answer
  }

  /// Exactly so many bytes; nil where the connection ends before.
  func read(_ count: Int) throws -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var got = 0
    while got < count {
      let piece = bytes.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress.map { $0 + got }, count - got, 0) }
      if piece < 0 && errno == EAGAIN { throw Failure(description: "no answer within five minutes") }
      if piece <= 0 { return nil }
      got += piece
    }
    return bytes
  }

  /// Whether the other side closes the connection within five minutes without another byte.
  func isClosed() throws -> Bool { try read(1) == nil }
}
