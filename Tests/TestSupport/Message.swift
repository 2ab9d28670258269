package import HTTPTypes

/// A request as a test writes it: the target goes to the wire as it stands.
package struct TestRequest: Sendable {
  package var method: HTTPRequest.Method
  /// Path and query, undecoded.
  package var target: String
  package var fields: HTTPFields
  package var body: [UInt8]
  /// Send the body with chunked transfer encoding, its length unknown to the registry.
  package var chunked: Bool

  package init(
    _ method: HTTPRequest.Method, _ target: String, fields: HTTPFields = [:], body: [UInt8] = [], chunked: Bool = false
  ) {
    self.method = method
    self.target = target
    self.fields = fields
    self.body = body
    self.chunked = chunked
  }
}

/// An answer, whole.
package struct TestResponse: Sendable {
  package var status: Int
  package var fields: HTTPFields
  package var body: [UInt8]

  package init(status: Int, fields: HTTPFields, body: [UInt8]) {
    self.status = status
    self.fields = fields
    self.body = body
  }

  package var text: String { String(decoding: body, as: UTF8.self) }
}

/// Sends requests to a registry, wherever it runs.
package protocol RegistryClient: Sendable {
  func send(_ request: TestRequest) async throws -> TestResponse
}

extension RegistryClient {
  /// One request in one line.
  @discardableResult
  package func send(
    _ method: HTTPRequest.Method, _ target: String, _ fields: HTTPFields = [:], body: [UInt8] = [],
    chunked: Bool = false
  ) async throws -> TestResponse {
    try await send(TestRequest(method, target, fields: fields, body: body, chunked: chunked))
  }
}
