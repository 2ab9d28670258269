import HTTPTypes

/// Answers 503 while the storage is unhealthy, so that a load balancer uses another host (`health`, as in
/// docker/distribution).
public struct HealthGate: RequestHandler {
  private let next: any RequestHandler
  private let isHealthy: @Sendable () -> Bool

  /// Before `next`.
  public init(_ next: any RequestHandler, while isHealthy: @escaping @Sendable () -> Bool) {
    self.next = next
    self.isHealthy = isHealthy
  }

  /// Lets requests pass while the service is healthy. OPTIONS always passes: it needs no storage, and a browser whose
  /// OPTIONS fails hides the 503 from the page.
  public func respond(to request: Request) async -> Response {
    guard request.method == .options || isHealthy() else {
      return RegistryError(
        .unavailable, "the registry's storage can't be reached now: try again", fields: [.retryAfter: "10"]
      ).response
    }
    return await next.respond(to: request)
  }
}
