import CBuild
import Core
import RedisCache

/// What `berth --version` prints: which source this is, and what was built in.
enum BuildInformation {
  static var text: String {
    """
    berth, commit \(commit)\(isOptimised ? "" : ", debug build")
    storage drivers: \(Configuration.Storage.availableDrivers.joined(separator: ", "))
    caches of blob descriptors: \(caches.joined(separator: ", "))
    storage middleware: \(Configuration.Middleware.Kind.names.joined(separator: ", "))
    """
  }

  private static var commit: String { berth_commit().map { String(cString: $0) } ?? "unknown" }

  private static var caches: [String] {
    Configuration.Cache.Kind.allCases.map { kind in
      switch kind {
      case .inMemory: kind.rawValue
      case .redis: "\(kind.rawValue) (\(RedisTLSSupport.isAvailable ? "with" : "without") TLS)"
      }
    }
  }

  private static var isOptimised: Bool {
    #if DEBUG
      false
    #else
      true
    #endif
  }
}
