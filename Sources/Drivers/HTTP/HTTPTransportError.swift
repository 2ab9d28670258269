import AsyncHTTPClient
import NIOCore
import NIOSSL

/// Why a request got no whole answer. Whether it was carried out is not known.
struct HTTPTransportError: Error, Sendable, CustomStringConvertible {
  /// What callers switch on.
  enum Code: Sendable {
    /// No connection, one that was lost, or an answer that is no HTTP. May pass.
    case lost
    /// It took too long. May pass.
    case timeout
    /// The server's certificate is not trusted, or the server doesn't speak TLS.
    case untrusted
    /// The request can't be sent: its URL or fields are none.
    case malformed
    /// The body is longer than the caller's limit.
    case tooLong
    /// The caller was cancelled.
    case cancelled
  }

  /// What callers switch on.
  var code: Code
  /// What the system or the library said.
  var description: String

  init(_ code: Code, _ description: String? = nil) {
    self.code = code
    self.description = description ?? "\(code)"
  }

  init(_ error: any Error) {
    switch error {
    case let error as HTTPTransportError: self = error
    case is CancellationError: self.init(.cancelled)
    case let error as HTTPClientError: self.init(Self.code(of: error), error.shortDescription)
    case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError: self.init(.untrusted, Self.text(error))
    default: self.init(.lost, Self.text(error))
    }
  }

  private static func code(of error: HTTPClientError) -> Code {
    switch error {
    case .cancelled: .cancelled
    case .readTimeout, .writeTimeout, .connectTimeout, .deadlineExceeded, .tlsHandshakeTimeout,
      .getConnectionFromPoolTimeout:
      .timeout
    case .invalidURL, .emptyHost, .emptyScheme, .missingSocketPath: .malformed
    default: .lost
    }
  }

  /// Bounded: the server may have a part in it.
  private static func text(_ error: any Error) -> String {
    String("\(error)".prefix(300))
  }
}
