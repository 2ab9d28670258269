import Core
import Foundation
package import HTTPTypes

#if canImport(Glibc)
  import Glibc
#endif

/// Speaks HTTP/1.1 over a socket, a connection for each request, and changes nothing of what a test wrote.
package struct WireClient: RegistryClient {
  package let port: UInt16

  package init(port: UInt16) {
    self.port = port
  }

  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  package func send(_ request: TestRequest) async throws -> TestResponse {
    let connection = try Connection(port: port)
    return try connection.exchange(request, close: true)
  }

  /// One connection, for tests that use it more than once.
  package final class Connection {
    private let descriptor: Int32
    private var pending: [UInt8] = []

    package init(port: UInt16) throws {
      descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
      let status = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      var timeout = timeval(tv_sec: 120, tv_usec: 0)
      setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
      guard status == 0 else {
        throw Failure(description: "connect to port \(port): \(String(cString: strerror(errno)))")
      }
    }

    deinit {
      Glibc.close(descriptor)
    }

    /// Sends one request and reads its answer.
    package func exchange(_ request: TestRequest, close: Bool = false) throws -> TestResponse {
      var head = "\(request.method.rawValue) \(request.target) HTTP/1.1\r\n"
      if request.fields[.host] == nil { head += "Host: registry.test\r\n" }
      for field in request.fields { head += "\(field.name.rawName): \(field.value)\r\n" }
      if close { head += "Connection: close\r\n" }
      var body = request.body
      if request.chunked {
        head += "Transfer-Encoding: chunked\r\n"
        body = body.isEmpty ? [] : Array("\(String(body.count, radix: 16))\r\n".utf8) + body + Array("\r\n".utf8)
        body += Array("0\r\n\r\n".utf8)
      } else if !body.isEmpty || [.post, .put, .patch].contains(request.method) {
        if request.fields[.contentLength] == nil { head += "Content-Length: \(body.count)\r\n" }
      }
      // An answer may come before the body has been taken, so an error here is for `receive` to judge.
      try? write(Array((head + "\r\n").utf8) + body)
      return try receive(for: request.method)
    }

    /// Sends bytes as they are.
    package func write(_ bytes: [UInt8]) throws {
      var sent = 0
      while sent < bytes.count {
        let count = bytes.withUnsafeBytes {
          Glibc.send(descriptor, $0.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
        }
        guard count > 0 else { throw Failure(description: "send: \(String(cString: strerror(errno)))") }
        sent += count
      }
    }

    /// Reads one answer.
    package func receive(for method: HTTPRequest.Method = .get) throws -> TestResponse {
      var lines: [String] = []
      while true {
        let line = try readLine()
        if line.isEmpty { break }
        lines.append(line)
      }
      let statusLine = lines.first?.split(separator: " ", maxSplits: 2) ?? []
      guard statusLine.count >= 2, let status = Int(statusLine[1]) else {
        throw Failure(description: "no status line: \(lines)")
      }
      if status == 100 { return try receive(for: method) }
      var fields = HTTPFields()
      for line in lines.dropFirst() {
        let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let name = HTTPField.Name(String(parts[0])) else { continue }
        fields.append(HTTPField(name: name, value: parts[1].trimmingCharacters(in: .whitespaces)))
      }
      var body: [UInt8] = []
      if method == .head || status == 204 || status == 304 {
        body = []
      } else if fields[.transferEncoding]?.lowercased() == "chunked" {
        while let size = Int(try readLine().prefix { $0 != ";" }, radix: 16) {
          body += try read(size)
          _ = try readLine()
          if size == 0 { break }
        }
      } else if let length = fields[.contentLength].flatMap({ Int($0) }) {
        body = try read(length)
      } else {
        while try fill() {}
        body = pending
        pending = []
      }
      return TestResponse(status: status, fields: fields, body: body)
    }

    private func readLine() throws -> String {
      while true {
        if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
          let line = pending[..<end].last == UInt8(ascii: "\r") ? pending[..<(end - 1)] : pending[..<end]
          let text = String(decoding: line, as: UTF8.self)
          pending.removeSubrange(...end)
          return text
        }
        guard try fill() else { throw Failure(description: "the connection ended in the middle of an answer") }
      }
    }

    private func read(_ count: Int) throws -> [UInt8] {
      while pending.count < count {
        guard try fill() else { throw Failure(description: "the connection ended in the middle of a body") }
      }
      let bytes = Array(pending[..<count])
      pending.removeSubrange(..<count)
      return bytes
    }

    private func fill() throws -> Bool {
      var block = [UInt8](repeating: 0, count: 256 << 10)
      let count = recv(descriptor, &block, block.count, 0)
      guard count >= 0 else { throw Failure(description: "receive: \(String(cString: strerror(errno)))") }
      pending += block[..<count]
      return count > 0
    }
  }
}
