import HTTPTypes

/// The order of what a request passes through on its way to the API.
public enum RequestPipeline {
  /// The API with everything around it that the configuration asks for.
  public static func handler(_ context: APIContext) -> any RequestHandler {
    let configuration = context.configuration
    var handler: any RequestHandler = Router(context: context)
    if configuration.storage.readOnly { handler = ReadOnly(handler) }
    return StandingFields(handler, headers: Array(configuration.http.headers))
  }
}
