public import HTTPTypes

/// One request, as the web server passed it on.
///
/// Belongs to the task that serves it. Header fields are looked up where they lie, not copied first.
public struct Request {
  /// The method.
  public var method: HTTPRequest.Method
  /// The path as the client sent it: undecoded, without query.
  public var path: String
  /// The query as the client sent it, without `?`; empty where there is none.
  public var query: String
  /// The header fields.
  public var fields: any RequestFields
  /// The body; its length in bytes is unknown with chunked transfer encoding.
  public var body: any RequestBody
  /// Bytes of the body, 0 where there is none; nil with chunked transfer encoding, where it is not known yet.
  public var contentLength: Int64?
  /// Names this request in logs and in the answer (`X-Request-Id`).
  public var id: String
  /// `http` or `https`, as the web server saw it.
  public var scheme: String
  /// The client's address, as the web server saw it.
  public var remoteAddress: String
  /// The address of what has connected to the web server: the client, or the proxy nearest to the web server.
  public var peerAddress: String
  /// The protocol that the client speaks, for the access log.
  public var httpVersion: String

  /// A request; the fields are described above.
  /// - Parameter peerAddress: nil: the client's.
  public init(
    method: HTTPRequest.Method, path: String, query: String = "", fields: any RequestFields,
    body: any RequestBody, contentLength: Int64? = nil, id: String, scheme: String = "http",
    remoteAddress: String = "", peerAddress: String? = nil, httpVersion: String = "HTTP/1.1"
  ) {
    self.method = method
    self.path = path
    self.query = query
    self.fields = fields
    self.body = body
    self.contentLength = contentLength
    self.id = id
    self.scheme = scheme
    self.remoteAddress = remoteAddress
    self.peerAddress = peerAddress ?? remoteAddress
    self.httpVersion = httpVersion
  }
}

/// Header fields that are looked up by name. Several fields of one name are joined with `, `.
public protocol RequestFields {
  /// The field's value; nil where the request has none.
  subscript(name: HTTPField.Name) -> String? { get }
}

extension HTTPFields: RequestFields {}

/// A request's body, pulled by the handler as it needs it.
public protocol RequestBody: AnyObject {
  /// Appends up to the buffer's free capacity to it. Returns the number of bytes; 0 at the end.
  func read(into buffer: IOBuffer) async throws(RequestBodyError) -> Int
}

/// Why a body could not be read to its end.
public enum RequestBodyError: Error {
  /// The client went away, or what it sent broke off.
  case clientGone
  /// More slow bodies are under way than the service will hold threads for.
  case overloaded
}
