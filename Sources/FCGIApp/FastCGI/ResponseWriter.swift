import Core
import HTTPTypes

/// Writes answers. libfcgi buffers 8 KiB, so that a small answer is one system call.
struct ResponseWriter {
  private var head: [UInt8] = []

  /// Bytes of an answer that sockets and the web server buffer without waiting for the client.
  private static let bufferedLength: Int64 = 64 << 10

  /// Whether an answer is so long that a client that reads slowly blocks the thread that writes it.
  static func isLong(_ response: Response, to method: HTTPRequest.Method) -> Bool {
    guard hasBody(response, method) else { return false }
    return switch response.body {
    case .empty: false
    case .bytes(let bytes): bytes.count > bufferedLength
    case .file(_, let length): length > bufferedLength
    }
  }

  private static func hasBody(_ response: Response, _ method: HTTPRequest.Method) -> Bool {
    method != .head && response.status != .notModified && response.status != .noContent
  }

  /// Writes all of an answer.
  /// - Returns: false where it broke off, because the web server is gone or the file could not be read: the
  ///   connection must then be closed.
  mutating func write(_ response: Response, to method: HTTPRequest.Method, _ request: FastCGIRequest) async -> Bool {
    head.removeAll(keepingCapacity: true)
    ResponseHead.append(response, to: method, &head)
    guard head.withUnsafeBytes({ request.write($0) }) else { return false }
    guard Self.hasBody(response, method) else { return true }
    switch response.body {
    case .empty:
      return true
    case .bytes(let bytes):
      return bytes.withUnsafeBytes { request.write($0) }
    case .file(let reader, let length):
      return await Self.copy(reader, length, request)
    }
  }

  private static func copy(_ reader: any StorageReader, _ length: Int64, _ request: FastCGIRequest) async -> Bool {
    let buffer = IOBuffer()
    var rest = length
    while rest > 0 {
      buffer.removeAll()
      guard let count = try? await reader.read(into: buffer), count > 0 else { return false }
      let piece = Int(min(Int64(count), rest))
      let isWritten = buffer.bytes.withUnsafeBytes { request.write(UnsafeRawBufferPointer(rebasing: $0.prefix(piece))) }
      guard isWritten else { return false }
      rest -= Int64(piece)
    }
    return true
  }
}
