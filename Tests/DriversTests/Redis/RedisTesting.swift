import Core
import Logging
import TestSupport
import Testing

@testable import RedisCache

extension RedisClient {
  /// For a test, which has short timeouts where it has to wait for them.
  static func of(
    _ addresses: String..., timeout: Duration = .seconds(20), logger: Logger? = nil,
    _ configure: (inout Configuration.Redis) -> Void = { _ in }
  ) throws -> RedisClient {
    var configuration = Configuration.Redis()
    configuration.addresses = addresses
    configuration.dialTimeout = timeout
    configuration.readTimeout = timeout
    configuration.writeTimeout = timeout
    configure(&configuration)
    return try RedisClient(configuration, logger: logger ?? Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  /// The answers to commands that are given as words.
  func run(_ commands: [String]...) throws -> [RedisReply] {
    try deployment().run(commands.map { RedisCommand($0) })
  }

  /// Tries until Redis can be used, and gives the deployment.
  func eventually() throws -> RedisDeployment {
    var found: RedisDeployment?
    try Eventually.holds("Redis can be used") {
      do {
        let deployment = try deployment()
        _ = try deployment.run([RedisCommand(["PING"], keyIndex: nil)])
        found = deployment
        return true
      } catch is RedisError {
        return false
      }
    }
    return try #require(found)
  }
}

extension RedisDeployment {
  func run(_ commands: [String]...) throws(RedisError) -> [RedisReply] {
    try run(commands.map { RedisCommand($0) })
  }
}
