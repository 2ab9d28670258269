import Core
import HTTPTypes

/// The first part of a CGI response (RFC 3875, section 6): status, fields, an empty line.
enum ResponseHead {
  /// Appends the head of `response` to `bytes`.
  static func append(_ response: Response, to request: HTTPRequest.Method, _ bytes: inout [UInt8]) {
    bytes += "Status: ".utf8
    bytes += String(response.status.code).utf8
    bytes.append(UInt8(ascii: " "))
    bytes += response.status.reasonPhrase.utf8
    bytes += "\r\n".utf8
    for field in response.fields {
      bytes += field.name.rawName.utf8
      bytes += ": ".utf8
      bytes += field.value.utf8
      bytes += "\r\n".utf8
    }
    if !response.fields.contains(.contentLength), let length = contentLength(response, request) {
      bytes += "Content-Length: ".utf8
      bytes += String(length).utf8
      bytes += "\r\n".utf8
    }
    bytes += "\r\n".utf8
  }

  /// nil where a response has no Content-Length (RFC 9110, section 8.6), or where it is not known.
  private static func contentLength(_ response: Response, _ request: HTTPRequest.Method) -> Int64? {
    let status = response.status
    if status.kind == .informational || status == .noContent || status == .notModified { return nil }
    switch response.body {
    case .empty: return request == .head ? nil : 0
    case .bytes(let bytes): return Int64(bytes.count)
    case .file(_, let length): return length
    }
  }
}
