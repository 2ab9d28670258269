import HTTPTypes

/// The order of what a request passes through on its way to the API.
public enum RequestPipeline {
  /// The API with everything around it that the configuration asks for.
  /// - Parameter isHealthy: asked before each request; nil: no check is configured.
  public static func handler(
    _ context: APIContext, while isHealthy: (@Sendable () -> Bool)? = nil
  ) -> any RequestHandler {
    let configuration = context.configuration
    var handler: any RequestHandler = Router(context: context)
    if configuration.storage.readOnly { handler = ReadOnly(handler) }
    if let isHealthy { handler = HealthGate(handler, while: isHealthy) }
    return DefaultHeaders(handler, headers: Array(configuration.http.headers))
  }
}
