import Core
import Glibc
import HTTPTypes

/// The parameters of one FastCGI request (RFC 3875 and nginx's `fastcgi_params`), read in libfcgi's memory.
///
/// Valid until the request is finished; belongs to the thread that serves it.
final class RequestParameters: RequestFields {
  private let entries: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  private var method: UnsafePointer<CChar>?
  private var uri: UnsafePointer<CChar>?
  private var contentLength: UnsafePointer<CChar>?
  private var transferEncoding: UnsafePointer<CChar>?
  private var requestID: UnsafePointer<CChar>?
  private var scheme: UnsafePointer<CChar>?
  private var remoteAddress: UnsafePointer<CChar>?
  private var peerAddress: UnsafePointer<CChar>?
  private var protocolVersion: UnsafePointer<CChar>?

  /// Finds what every request needs, in one pass.
  init(_ entries: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) {
    self.entries = entries
    var next = entries
    while let entry = next.pointee {
      next += 1
      switch UInt8(bitPattern: entry.pointee) {
      case UInt8(ascii: "R"):
        if let value = Self.value(of: "REQUEST_METHOD", entry) { method = value }
        if let value = Self.value(of: "REQUEST_URI", entry) { uri = value }
        if let value = Self.value(of: "REQUEST_SCHEME", entry) { scheme = value }
        if let value = Self.value(of: "REQUEST_ID", entry) { requestID = value }
        if let value = Self.value(of: "REMOTE_ADDR", entry) { remoteAddress = value }
      case UInt8(ascii: "C"):
        if let value = Self.value(of: "CONTENT_LENGTH", entry) { contentLength = value }
      case UInt8(ascii: "P"):
        if let value = Self.value(of: "PEER_ADDR", entry) { peerAddress = value }
      case UInt8(ascii: "S"):
        if let value = Self.value(of: "SERVER_PROTOCOL", entry) { protocolVersion = value }
      case UInt8(ascii: "H"):
        if let value = Self.value(of: "HTTP_TRANSFER_ENCODING", entry) { transferEncoding = value }
      default:
        break
      }
    }
  }

  /// The request. nil where its method or length is invalid.
  func request(body: (Int64?) -> any RequestBody) -> Request? {
    guard let method = method.flatMap({ HTTPRequest.Method(rawValue: String(cString: $0)) }) else { return nil }
    var length: Int64?
    if let contentLength, contentLength.pointee != 0 {
      let text = String(cString: contentLength)
      guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let number = Int64(text)
      else { return nil }
      length = number
    }
    let target = uri.map { String(cString: $0) } ?? ""
    let question = target.utf8.firstIndex(of: UInt8(ascii: "?"))
    let isChunked = transferEncoding.map { $0.pointee != 0 } ?? false
    // In HTTP/1, a request without Content-Length and Transfer-Encoding has no body (RFC 9112, section 6.3). From
    // HTTP/2 on it may have one, which ends with the empty record.
    let isHTTP1 = protocolVersion.map { strncmp($0, "HTTP/1", 6) == 0 } ?? true
    let mayHaveBody = isChunked || (!isHTTP1 && (method == .post || method == .put || method == .patch))
    length = length ?? (mayHaveBody ? nil : 0)
    return Request(
      method: method, path: question.map { String(target[..<$0]) } ?? target,
      query: question.map { String(target[target.utf8.index(after: $0)...]) } ?? "",
      fields: self, body: body(length), contentLength: length,
      id: RequestID.validated(requestID.map { String(cString: $0) }),
      scheme: scheme.map { String(cString: $0) } ?? "http",
      remoteAddress: remoteAddress.map { String(cString: $0) } ?? "",
      peerAddress: peerAddress.map { String(cString: $0) },
      httpVersion: protocolVersion.map { String(cString: $0) } ?? "HTTP/1.1")
  }

  subscript(name: HTTPField.Name) -> String? {
    let canonical = name.canonicalName
    var found: String?
    var next = entries
    while let entry = next.pointee {
      next += 1
      guard let value = Self.fieldValue(of: canonical, entry) else { continue }
      let text = String(cString: value)
      found = found.map { "\($0), \(text)" } ?? text
    }
    return found
  }

  /// The text after `name=`.
  private static func value(of name: StaticString, _ entry: UnsafePointer<CChar>) -> UnsafePointer<CChar>? {
    let length = name.utf8CodeUnitCount
    let matches = strncmp(UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self), entry, length) == 0
    return matches && entry[length] == CChar(bitPattern: UInt8(ascii: "=")) ? entry + length + 1 : nil
  }

  /// The text after a header field's name in CGI: `HTTP_`, capitals, underscores. Content-Type and Content-Length have
  /// no prefix.
  private static func fieldValue(of canonical: String, _ entry: UnsafePointer<CChar>) -> UnsafePointer<CChar>? {
    var position = entry
    if canonical != "content-type" && canonical != "content-length" {
      guard strncmp(entry, "HTTP_", 5) == 0 else { return nil }
      position += 5
    }
    for byte in canonical.utf8 {
      let expected: UInt8 =
        switch byte {
        case UInt8(ascii: "-"): UInt8(ascii: "_")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - 32
        default: byte
        }
      guard UInt8(bitPattern: position.pointee) == expected else { return nil }
      position += 1
    }
    return position.pointee == CChar(bitPattern: UInt8(ascii: "=")) ? position + 1 : nil
  }
}
