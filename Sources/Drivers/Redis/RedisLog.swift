import Logging
import NIOConcurrencyHelpers

/// Logs what is wrong with Redis: each cause at most once per `pause`.
final class RedisLog: Sendable {
  private let logger: Logger
  private let causes = NIOLockedValueBox<[String: Cause]>([:])

  private struct Cause {
    var toldAt: ContinuousClock.Instant
    var suppressed = 0
  }

  /// How long a cause is not logged again.
  static let pause = Duration.seconds(10)

  init(_ logger: Logger) {
    self.logger = logger
  }

  /// Logs a failure; its code is the cause.
  func note(_ error: RedisError) {
    guard error.code != .superseded else { return note("superseded", .notice, "Redis: \(error)") }
    note(error.code.name, .warning, "Redis: \(error)\(RedisLog.remedy(error.code))")
  }

  /// - Parameter cause: one of a few.
  func note(_ cause: String, _ level: Logger.Level, _ message: String) {
    let now = ContinuousClock.now
    let suppressed: Int? = causes.withLockedValue { causes in
      if let known = causes[cause], now - known.toldAt < RedisLog.pause {
        causes[cause]?.suppressed += 1
        return nil
      }
      return causes.updateValue(Cause(toldAt: now), forKey: cause)?.suppressed ?? 0
    }
    guard let suppressed else { return }
    let others = suppressed > 0 ? " (and \(suppressed) more like it since the last one that was logged)" : ""
    logger.log(level: level, "\(message)\(others)")
  }

  private static func remedy(_ code: RedisError.Code) -> String {
    switch code {
    case .unavailable: "; check that it runs and that redis.addrs is right. The registry goes on without it"
    case .timeout: "; check its load and the network, or raise redis.readtimeout. The registry goes on without it"
    case .protocolError: "; check that what listens there is Redis without TLS"
    case .refused: "; check redis.username, redis.password, redis.db and the rights of the user"
    case .busy: "; raise redis.poolsize"
    default: ""
    }
  }
}
