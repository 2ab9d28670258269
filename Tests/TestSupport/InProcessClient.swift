package import Core
import HTTPTypes

/// Hands requests to the registry's handlers in this process, as a worker would.
package struct InProcessClient: RegistryClient {
  private let handler: any RequestHandler

  package init(_ handler: any RequestHandler) {
    self.handler = handler
  }

  package func send(_ request: TestRequest) async throws -> TestResponse {
    let parts = Self.path(of: request.target).split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    var fields = request.fields
    if fields[.host] == nil { fields[.host] = "registry.test" }
    let response = await handler.respond(
      to: Request(
        method: request.method, path: String(parts[0]), query: parts.count > 1 ? String(parts[1]) : "",
        fields: fields, body: MemoryBody(request.body),
        contentLength: request.chunked ? nil : Int64(request.body.count), id: "test",
        remoteAddress: "127.0.0.1"))
    var body: [UInt8] = []
    var answerFields = response.fields
    switch response.body {
    case .empty:
      if answerFields[.contentLength] == nil { answerFields[.contentLength] = "0" }
    case .bytes(let bytes):
      body = bytes
      if answerFields[.contentLength] == nil { answerFields[.contentLength] = String(bytes.count) }
    case .file(let reader, let length):
      if answerFields[.contentLength] == nil { answerFields[.contentLength] = String(length) }
      body = try await Self.read(reader, length)
    }
    return TestResponse(
      status: response.status.code, fields: answerFields, body: request.method == .head ? [] : body)
  }

  /// Without scheme and host, as web servers pass it on.
  private static func path(of target: String) -> String {
    WebURL(target).map { $0.path + ($0.query.map { "?" + $0 } ?? "") } ?? target
  }

  private static func read(_ reader: any StorageReader, _ length: Int64) async throws -> [UInt8] {
    let buffer = IOBuffer()
    var bytes: [UInt8] = []
    while Int64(bytes.count) < length {
      buffer.removeAll()
      guard try await reader.read(into: buffer) > 0 else { break }
      buffer.bytes.withUnsafeBytes { bytes += $0 }
    }
    return Array(bytes.prefix(Int(length)))
  }
}

/// A body that is in memory, given out in pieces of at most 8 KiB.
package final class MemoryBody: RequestBody {
  private var rest: ArraySlice<UInt8>

  package init(_ bytes: [UInt8]) {
    rest = bytes[...]
  }

  package func read(into buffer: IOBuffer) async throws(RequestBodyError) -> Int {
    let piece = rest.prefix(8192)
    let count = buffer.append { room in
      room.copyBytes(from: piece.prefix(room.count))
      return min(piece.count, room.count)
    }
    rest = rest.dropFirst(count)
    return count
  }
}
