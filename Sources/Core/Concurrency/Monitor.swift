import Glibc
// Where optimised builds find `timespec`.
import SwiftOverlayShims

/// A value behind a lock, with a way to wait for a change of it. Blocks the thread.
///
/// `@unchecked Sendable`: owns a lock and a condition of the C library, which are made for use by many threads and must
/// not move; `value` is touched under the lock alone.
package final class Monitor<Value: Sendable>: @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  private var value: Value

  package init(_ value: Value) {
    self.value = value
    mutex = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    condition = .allocate(capacity: 1)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(condition)
    condition.deallocate()
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  package func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body(&value)
  }

  /// Calls `body` under the lock, now and after each change, until it returns a value. nil: none by `deadline`.
  package func wait<Result>(until deadline: ContinuousClock.Instant, _ body: (inout Value) -> Result?) -> Result? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while true {
      if let result = body(&value) { return result }
      let left = (deadline - ContinuousClock.now).nanoseconds
      guard left > 0 else { return nil }
      var time = timespec()
      clock_gettime(CLOCK_MONOTONIC, &time)
      let end = WallClock.time(seconds: Int64(time.tv_sec), nanoseconds: Int64(time.tv_nsec)) + left
      time = timespec(tv_sec: Int(end / 1_000_000_000), tv_nsec: Int(end % 1_000_000_000))
      pthread_cond_timedwait(condition, mutex, &time)
    }
  }

  /// Wakes one waiting thread. Call it after a change that one thread can use.
  package func signal() {
    pthread_cond_signal(condition)
  }

  /// Wakes all that wait.
  package func broadcast() {
    pthread_cond_broadcast(condition)
  }
}
