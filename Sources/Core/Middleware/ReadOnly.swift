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
    switch request.method {
    case .get, .head:
      await next.respond(to: request)
    default:
      RegistryError(
        .unsupported, "the registry is in read-only mode", fields: [.allow: "GET, HEAD"]
      ).response
    }
  }
}
