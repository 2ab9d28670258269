import Core
import NIOCore
import Synchronization

/// Counts of requests to the store, by operation. Counters only grow.
public final class S3Statistics: Sendable {
  private let counters: [S3Operation: Counters]

  /// Nothing yet.
  public init() {
    counters = Dictionary(uniqueKeysWithValues: S3Operation.allCases.map { ($0, Counters()) })
  }

  fileprivate final class Counters: Sendable {
    let calls = Atomic<UInt64>(0)
    let retries = Atomic<UInt64>(0)
    let failures = Atomic<UInt64>(0)
    let nanoseconds = Atomic<UInt64>(0)
    let bytesSent = Atomic<UInt64>(0)
    let bytesReceived = Atomic<UInt64>(0)
  }

  /// One moment's values of an operation.
  public struct Snapshot: Sendable, Equatable {
    /// Requests that were sent, retries included.
    public var calls: UInt64 = 0
    /// Those that were sent again.
    public var retries: UInt64 = 0
    /// Requests that got no answer, or an error. Not found is not counted.
    public var failures: UInt64 = 0
    /// Sum of the times until the head of the answer.
    public var nanoseconds: UInt64 = 0
    /// Bytes of bodies that were sent.
    public var bytesSent: UInt64 = 0
    /// Bytes of bodies that were announced in answers.
    public var bytesReceived: UInt64 = 0
  }

  /// The values now.
  public func snapshot(of operation: S3Operation) -> Snapshot {
    guard let counters = counters[operation] else { return Snapshot() }
    return Snapshot(
      calls: counters.calls.load(ordering: .relaxed), retries: counters.retries.load(ordering: .relaxed),
      failures: counters.failures.load(ordering: .relaxed),
      nanoseconds: counters.nanoseconds.load(ordering: .relaxed),
      bytesSent: counters.bytesSent.load(ordering: .relaxed),
      bytesReceived: counters.bytesReceived.load(ordering: .relaxed))
  }

  /// Requests of all operations.
  public var calls: UInt64 {
    counters.values.reduce(0) { $0 + $1.calls.load(ordering: .relaxed) }
  }

  func sent(_ request: S3Request, isRetry: Bool, took duration: Duration) {
    guard let counters = counters[request.operation] else { return }
    counters.calls.add(1, ordering: .relaxed)
    if isRetry { counters.retries.add(1, ordering: .relaxed) }
    counters.nanoseconds.wrappingAdd(UInt64(clamping: duration.nanoseconds), ordering: .relaxed)
    counters.bytesSent.add(UInt64(request.body?.readableBytes ?? 0), ordering: .relaxed)
  }

  func received(_ operation: S3Operation, bytes: Int) {
    // The answer's Content-Length may be any number, so the sum may wrap.
    counters[operation]?.bytesReceived.wrappingAdd(UInt64(max(0, bytes)), ordering: .relaxed)
  }

  func failed(_ operation: S3Operation) {
    counters[operation]?.failures.add(1, ordering: .relaxed)
  }
}
