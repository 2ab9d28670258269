/// Renews a writer's lease, on storage where another process may take the file after a time without a renewal.
public struct WriterRenewal: Sendable {
  private let interval: Duration
  private let renew: @Sendable () async throws(StorageError) -> Bool

  /// - Parameters:
  ///   - interval: after which time to renew.
  ///   - renew: returns whether the file is still this writer's.
  public init(every interval: Duration, _ renew: @escaping @Sendable () async throws(StorageError) -> Bool) {
    self.interval = interval
    self.renew = renew
  }

  /// Renews until the task is cancelled, or another process has the file. A failure is tried again after the interval.
  func begin() -> Task<Void, Never> {
    Task {
      while true {
        do { try await Task.sleep(for: interval) } catch { return }
        if let isHeld = try? await renew(), !isHeld { return }
      }
    }
  }
}
