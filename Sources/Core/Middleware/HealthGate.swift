import HTTPTypes

/// Refuses everything while a check fails, so that whoever spreads requests over hosts goes to another one
/// (`health`, as in docker/distribution).
public struct HealthGate: RequestHandler {
  private let next: any RequestHandler
  private let isHealthy: @Sendable () -> Bool

  /// Before `next`.
  public init(_ next: any RequestHandler, while isHealthy: @escaping @Sendable () -> Bool) {
    self.next = next
    self.isHealthy = isHealthy
  }

  /// Lets requests pass while the service is healthy. So does OPTIONS, which needs no storage: a browser whose OPTIONS
  /// fails does not show that the service can't be reached.
  public func respond(to request: Request) async -> Response {
    guard request.method == .options || isHealthy() else {
      return RegistryError(
        .unavailable, "the registry's storage can't be reached now: try again", fields: [.retryAfter: "10"]
      ).response
    }
    return await next.respond(to: request)
  }
}
