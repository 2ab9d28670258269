/// Decides from checks, one after the other, whether a storage is healthy: `health.storagedriver`, as in
/// docker/distribution. Failures in a row, as many as the threshold, make it unhealthy; one success healthy.
public struct StorageHealth: Sendable {
  private let threshold: Int
  private var failures = 0

  /// Healthy until something is known.
  /// - Parameter threshold: 0: the first failure.
  public init(threshold: Int) {
    self.threshold = max(1, threshold)
  }

  /// Whether the storage may be relied on.
  public var isHealthy: Bool { failures < threshold }

  /// Takes what a check has found.
  public mutating func note(isAnswering: Bool) {
    failures = isAnswering ? 0 : min(threshold, failures + 1)
  }
}
