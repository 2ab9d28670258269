import Core
import Drivers

extension Composition {
  /// Throws what this build's drivers can't do of a configuration that is right otherwise.
  static func check(_ configuration: Configuration, file: String) throws(ConfigurationError) {
    try checkMiddleware(configuration, file: file)
    guard configuration.storage.cache?.blobDescriptor == .redis, let redis = configuration.redis else { return }
    do {
      try RedisClient.check(redis)
    } catch {
      // `key: what is wrong`
      let parts = error.message.split(separator: ":", maxSplits: 1).map(String.init)
      throw ConfigurationError(problems: [
        ConfigurationProblem(
          severity: .error, place: .file(file, line: 0), key: parts.first ?? "redis",
          message: String((parts.last ?? error.message).drop { $0 == " " }),
          remedy: error.cause ?? "correct it")
      ])
    }
  }
}
