import HTTPTypes

/// Refuses whatever would change the registry (`storage.maintenance.readonly`).
public struct ReadOnly: RequestHandler {
  private let next: any RequestHandler

  /// Before `next`.
  public init(_ next: any RequestHandler) {
    self.next = next
  }

  /// Lets reading pass.
  public func respond(to request: Request) async -> Response {
    guard ReadOnly.refuses(request.method) else { return await next.respond(to: request) }
    return RegistryError(.unsupported, "the registry is in read-only mode", fields: [.allow: "GET, HEAD"]).response
  }

  /// Whether a method changes something.
  static func refuses(_ method: HTTPRequest.Method) -> Bool {
    ![.get, .head, .options].contains(method)
  }
}
