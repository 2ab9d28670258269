public import HTTPTypes

/// One answer.
public struct Response {
  /// The status.
  public var status: HTTPResponse.Status
  /// The header fields. `Content-Length` is set when the response is sent, from `body`, unless it is
  /// here already (an answer to HEAD).
  public var fields: HTTPFields
  /// The body.
  public var body: Body

  /// What follows the header.
  public enum Body {
    /// Nothing.
    case empty
    /// Bytes that are in memory.
    case bytes([UInt8])
    /// `length` bytes of an open file. A reader that ends early or throws breaks the connection: a short
    /// body must not look complete.
    case file(any StorageReader, length: Int64)
  }

  /// An answer.
  public init(_ status: HTTPResponse.Status, fields: HTTPFields = [:], body: Body = .empty) {
    self.status = status
    self.fields = fields
    self.body = body
  }
}

/// One step of a request's way: the router, or a decorator around the next step.
public protocol RequestHandler: Sendable {
  /// Answers; an error becomes an error response.
  func respond(to request: Request) async -> Response
}
