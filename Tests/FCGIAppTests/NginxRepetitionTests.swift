import Foundation
import HTTPTypes
import Synchronization
import TestSupport
import Testing

/// What nginx does where a worker dies over a request.
@Suite(.ownThread) struct NginxRepetitionTests {
  /// A worker that dies over each request of one method, after it has read all of it.
  private static func responder(at path: String, dyingOver method: String) throws -> FastCGIResponder {
    try FastCGIResponder(path: path) { request in
      request.parameters["REQUEST_METHOD"] == method ? nil : "Status: 200 OK\r\n\r\n"
    }
  }

  @Test(arguments: [HTTPRequest.Method.delete, .put, .patch, .post], [0, 10, 100_000, 2_000_000])
  func `a request that may have been executed is not sent again`(
    _ method: HTTPRequest.Method, _ length: Int
  ) async throws {
    let server = try NginxServer()
    let responder = try Self.responder(at: server.socket, dyingOver: method.rawValue)
    let client = WireClient(port: server.port)
    for isChunked in [false, true] {
      // Connections that nginx keeps.
      for _ in 1...8 { #expect(try await client.send(.get, "/v2/").status == 200) }
      let before = responder.requests.count
      let response = try await client.send(
        method, "/v2/a/manifests/x", body: Array(repeating: 7, count: length), chunked: isChunked)
      #expect(response.status == 502)
      #expect(response.text.contains("UNAVAILABLE"))
      #expect(responder.requests.count == before + 1)
    }
  }

  @Test(arguments: [HTTPRequest.Method.get, .head])
  func `a request that reads outlives the end of kept connections`(_ method: HTTPRequest.Method) async throws {
    let server = try NginxServer()
    // Each connection ends with its second request.
    let responder = try FastCGIResponder(path: server.socket) { request in
      request.number > 1 ? nil : "Status: 200 OK\r\nContent-Length: 0\r\n\r\n"
    }
    let client = WireClient(port: server.port)
    for _ in 1...40 { #expect(try await client.send(method, "/v2/").status == 200) }
    #expect(method == .head || responder.requests.contains { $0.number > 1 })
  }
}
