public import HTTPTypes

/// Adds what every answer carries: the API's version, the request's name, and the fields of `http.headers`.
public struct DefaultHeaders: RequestHandler {
  private let next: any RequestHandler
  private let fields: [HTTPField]

  /// Before `next`.
  public init(_ next: any RequestHandler, headers: [HTTPField]) {
    self.next = next
    self.fields = [HTTPField(name: .dockerDistributionAPIVersion, value: "registry/2.0")] + headers
  }

  /// Answers with the fields added.
  public func respond(to request: Request) async -> Response {
    var response = await next.respond(to: request)
    for field in fields { response.fields.append(field) }
    response.fields.append(HTTPField(name: .xRequestID, value: request.id))
    return response
  }
}
