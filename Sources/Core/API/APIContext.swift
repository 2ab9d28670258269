import HTTPTypes
public import Logging

/// What all handlers of the API need.
public struct APIContext: Sendable {
  /// The content.
  public let registry: Registry
  /// The service's configuration.
  public let configuration: Configuration
  /// For what an operator must know.
  public let logger: Logger
  /// Builds the URLs of answers.
  let locations: LocationBuilder

  /// Over a registry.
  public init(registry: Registry, configuration: Configuration, logger: Logger) {
    self.registry = registry
    self.configuration = configuration
    self.logger = logger
    locations = LocationBuilder(http: configuration.http)
  }

  /// Logs an error that is the registry's own; a client's mistake is in the access log.
  func report(_ error: RegistryError, _ request: Request) {
    guard error.status.code >= 500 else { return }
    logger.error(
      "\(error.description)",
      metadata: [
        "http.request.id": "\(request.id)", "http.request.method": "\(request.method.rawValue.cut(to: 32))",
        "http.request.uri": "\(request.path.cut(to: 512))", "http.response.status": "\(error.status.code)",
      ])
  }

  /// Throws where the configuration does not let clients delete what `route` names.
  func requireDeleteEnabled(_ route: Route) throws(RegistryError) {
    guard configuration.storage.deleteEnabled else {
      throw RegistryError(
        .unsupported, "deleting is switched off: see storage.delete.enabled",
        fields: [.allow: route.allowedMethods(configuration.storage)])
    }
  }
}
