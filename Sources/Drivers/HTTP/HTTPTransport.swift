import AsyncHTTPClient
import Core
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Sends HTTP requests over connections that are kept.
///
/// Belongs to one process: create it after a fork.
public final class HTTPTransport: Sendable {
  private let client: HTTPClient

  /// What all requests share.
  public struct Settings: Sendable, Equatable {
    /// For the connection, with its TLS.
    public var connectTimeout = Duration.seconds(5)
    /// How long no byte of a body may arrive.
    public var stallTimeout = Duration.seconds(30)
    /// Whether the server's certificate is verified.
    public var verifiesCertificates = true
    /// PEM file of the authorities that are trusted; nil: the system's.
    public var trustedCertificates: String?
    /// Connections to one host at the most; further requests wait.
    public var connectionsPerHost = 256

    /// The defaults.
    public init() {}
  }

  /// Opens no connection yet.
  public init(_ settings: Settings = Settings()) {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.certificateVerification = settings.verifiesCertificates ? .fullVerification : .none
    if let file = settings.trustedCertificates { tls.trustRoots = .file(file) }
    var configuration = HTTPClient.Configuration(
      tlsConfiguration: tls, redirectConfiguration: .disallow,
      timeout: .init(
        connect: TimeAmount(settings.connectTimeout), read: TimeAmount(settings.stallTimeout),
        write: TimeAmount(settings.stallTimeout)),
      connectionPool: .init(
        idleTimeout: .seconds(20), concurrentHTTP1ConnectionsPerHostSoftLimit: settings.connectionsPerHost),
      decompression: .disabled)
    configuration.httpVersion = .http1Only
    configuration.http1_1ConnectionDebugInitializer = QuickAcknowledgement.initializer
    client = HTTPClient(
      eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), configuration: configuration)
  }

  deinit {
    // This waits for connections to close, so it must not run on their event loop, which may release the last
    // reference.
    let client = client
    Task { try? await client.shutdown() }
  }

  /// Sends one request, and waits for the head of the answer until `deadline`. Cancelled with the task.
  func send(
    _ request: HTTPTransportRequest, within timeout: Duration
  ) async throws(HTTPTransportError) -> HTTPTransportResponse {
    var outgoing = HTTPClientRequest(url: request.url)
    outgoing.method = .init(rawValue: request.method)
    for (name, value) in request.fields { outgoing.headers.add(name: name, value: value) }
    if let body = request.body { outgoing.body = .bytes(body) }
    do {
      return HTTPTransportResponse(try await client.execute(outgoing, timeout: TimeAmount(timeout)))
    } catch {
      throw HTTPTransportError(error)
    }
  }
}

/// A request as it goes out.
struct HTTPTransportRequest: Sendable {
  /// `GET` and the like.
  var method: String
  /// Absolute, and encoded.
  var url: String
  /// Names and values; `Host` and `Content-Length` are added where they are missing.
  var fields: [(name: String, value: String)] = []
  /// The body; nil: none.
  var body: ByteBuffer?

  /// Without fields and body.
  init(_ method: String, _ url: String) {
    self.method = method
    self.url = url
  }
}

/// An answer, whose body is read from the network as it is asked for.
struct HTTPTransportResponse: Sendable {
  private let response: HTTPClientResponse
  /// The status code.
  var status: Int { Int(response.status.code) }

  init(_ response: HTTPClientResponse) {
    self.response = response
  }

  /// The first value of a field; names are compared without case.
  func field(_ name: String) -> String? {
    response.headers.first(name: name)
  }

  /// The body's pieces, to be read once. Releasing it before its end closes the connection.
  var body: Body { Body(iterator: response.body.makeAsyncIterator()) }

  /// See ``HTTPTransportResponse/body``. Belongs to one task.
  struct Body {
    fileprivate var iterator: HTTPClientResponse.Body.AsyncIterator

    /// The next piece; nil at the end.
    mutating func next() async throws(HTTPTransportError) -> ByteBuffer? {
      do {
        return try await iterator.next(isolation: #isolation)
      } catch {
        throw HTTPTransportError(error)
      }
    }
  }

  /// The whole body. Longer than `limit` bytes: throws `.tooLong`.
  func content(limit: Int) async throws(HTTPTransportError) -> ByteBuffer {
    var body = body
    var content = ByteBuffer()
    while var piece = try await body.next() {
      guard content.readableBytes + piece.readableBytes <= limit else { throw HTTPTransportError(.tooLong) }
      if content.readableBytes == 0 { content = piece } else { content.writeBuffer(&piece) }
    }
    return content
  }
}

extension TimeAmount {
  init(_ duration: Duration) {
    self = .nanoseconds(duration.nanoseconds)
  }
}
