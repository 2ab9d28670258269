import Core
import Drivers
import Logging

extension Composition {
  /// The storage with the configured middleware over it. Without middleware if clients are not redirected: then it has
  /// no effect.
  static func withMiddleware(
    _ configuration: Configuration, over driver: any StorageDriver, _ logger: Logger
  ) throws -> any StorageDriver {
    guard !configuration.storage.redirectDisabled else { return driver }
    return try active(configuration).reduce(driver) { driver, named in
      guard let middleware = try middleware(named.kind, configuration.storage, logger) else { return driver }
      return MiddlewareDriver(middleware, over: driver)
    }
  }

  /// Problems of validly configured middleware on this build or machine.
  static func middlewareProblems(_ loaded: Configuration.Loaded) -> [ConfigurationProblem] {
    (loaded.configuration.middleware?.storage ?? []).enumerated().compactMap { index, named in
      guard !named.disabled, let fault = fault(named.kind) else { return nil }
      return loaded.problem(
        .error, "middleware.storage[\(index)].options.\(fault.option)", fault.error.description, remedy: fault.remedy)
    }
  }

  private static func fault(
    _ kind: Configuration.Middleware.Kind
  ) -> (option: String, error: StorageError, remedy: String)? {
    switch kind {
    case .redirect(let options):
      do throws(StorageError) { _ = try RedirectMiddleware(options) } catch {
        return ("secret", error, "remove it, or have OpenSSL allow MD5")
      }
    case .cloudFront(let options):
      do throws(StorageError) { _ = try CloudFrontMiddleware(options, rootDirectory: "", direct: nil) } catch {
        return ("privatekey", error, "name a PEM file with an RSA key that the service's user may read")
      }
    case .rewrite, .other:
      break
    }
    return nil
  }

  private static func active(_ configuration: Configuration) -> [Configuration.Middleware.Storage] {
    (configuration.middleware?.storage ?? []).filter { !$0.disabled }
  }

  /// nil where it has no effect on this storage.
  private static func middleware(
    _ kind: Configuration.Middleware.Kind, _ storage: Configuration.Storage, _ logger: Logger
  ) throws -> (any StorageMiddleware)? {
    switch kind {
    case .redirect(let options):
      return try RedirectMiddleware(options)
    case .rewrite(let options):
      return RewriteMiddleware(options)
    case .cloudFront(let options):
      guard case .s3(let bucket) = storage.driver else { return nil }
      return try CloudFrontMiddleware(
        options, rootDirectory: bucket.rootDirectory, direct: amazonAddresses(options, logger))
    case .other(let name):
      // The configuration does not let this through.
      throw StorageError(.failed, "this build of Berth has no storage middleware \(name)")
    }
  }

  /// The addresses of clients that don't use CloudFront; nil: all clients use it.
  private static func amazonAddresses(
    _ options: Configuration.Middleware.CloudFront, _ logger: Logger
  ) -> AmazonAddresses? {
    guard options.ipFilteredBy != .none else { return nil }
    let transport = HTTPTransport()
    let fetch: AmazonAddresses.Fetch = { url in
      try await transport.document(at: url, limit: AmazonAddresses.documentLimit, within: .seconds(30))
    }
    let addresses = AmazonAddresses(options, fetch: fetch, logger: logger)
    addresses.keepUpdated(every: options.updateFrequency)
    return addresses
  }
}
