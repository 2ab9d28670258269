import Core
import Drivers
import Glibc
import RedisCache

extension Composition {
  /// Throws the problems of a valid configuration that this build's drivers can't carry out.
  /// - Parameter missing: accounts and directories that are missing on this machine (``missing(_:as:)``).
  static func check(
    _ loaded: Configuration.Loaded, missing: [ConfigurationProblem] = []
  ) throws(ConfigurationError) {
    let problems = middlewareProblems(loaded) + bucketProblems(loaded) + redisProblems(loaded) + missing
    guard problems.isEmpty else { throw ConfigurationError(problems: loaded.warnings + problems) }
  }

  /// Accounts and directories that the service needs and this machine lacks. Not always errors: they may be created
  /// before the service starts, or the configuration may be for another machine.
  static func missing(
    _ loaded: Configuration.Loaded, as severity: ConfigurationProblem.Severity
  ) -> [ConfigurationProblem] {
    accountProblems(loaded, severity) + socketProblems(loaded, severity)
  }

  private static func bucketProblems(_ loaded: Configuration.Loaded) -> [ConfigurationProblem] {
    guard case .s3(let bucket) = loaded.configuration.storage.driver else { return [] }
    do throws(StorageError) {
      _ = try S3Endpoint(bucket)
      return []
    } catch {
      // The message is the key.
      return [loaded.problem(.error, error.message, error.cause ?? "it names no host", remedy: "correct it")]
    }
  }

  private static func redisProblems(_ loaded: Configuration.Loaded) -> [ConfigurationProblem] {
    guard loaded.configuration.storage.cache?.blobDescriptor == .redis, let redis = loaded.configuration.redis else {
      return []
    }
    do {
      try RedisClient.check(redis)
      return []
    } catch {
      // `key: what is wrong`
      let parts = error.message.split(separator: ":", maxSplits: 1).map(String.init)
      var key = parts.first ?? "redis"
      if key == "redis.addrs", !loaded.isGiven(key) { key = "redis.addr" }
      let message = String((parts.last ?? error.message).drop { $0 == " " })
      return [loaded.problem(.error, key, message, remedy: error.cause ?? "correct it")]
    }
  }

  /// Problems with the user and group of the Unix socket.
  private static func accountProblems(
    _ loaded: Configuration.Loaded, _ severity: ConfigurationProblem.Severity
  ) -> [ConfigurationProblem] {
    guard case .unix = loaded.configuration.fastcgi.address else { return [] }
    var problems: [ConfigurationProblem] = []
    if let owner = loaded.configuration.fastcgi.owner {
      do { _ = try Account.user(owner) } catch {
        problems.append(loaded.problem(severity, "fastcgi.owner", error.message, remedy: error.remedy))
      }
    }
    if let group = loaded.configuration.fastcgi.group {
      do { _ = try Account.group(group) } catch {
        problems.append(loaded.problem(severity, "fastcgi.group", error.message, remedy: error.remedy))
      }
    }
    return problems
  }

  /// Problems with the Unix socket's path: the service creates its directory, but none above that.
  private static func socketProblems(
    _ loaded: Configuration.Loaded, _ severity: ConfigurationProblem.Severity
  ) -> [ConfigurationProblem] {
    guard case .unix(let path) = loaded.configuration.fastcgi.address else { return [] }
    let directory = folder(of: path)
    let above = folder(of: directory)
    guard access(directory, F_OK) != 0, access(above, F_OK) != 0, errno == ENOENT else { return [] }
    let key = loaded.isGiven("fastcgi.address") ? "fastcgi.address" : "http.addr"
    return [
      loaded.problem(
        severity, key,
        "the directory \(above) does not exist, so the service can't create the socket's directory in it",
        remedy: "make the directory \(directory), or choose another path")
    ]
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
    return String(path[..<slash])
  }
}
