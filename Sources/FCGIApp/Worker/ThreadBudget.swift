/// Decides how many threads a worker has. Has no effects, so that it can be tested.
///
/// A thread whose request waits for a slow client holds a slot and does not count towards `threads`; when no thread is
/// left to take the next request, another one is started. So slow clients never block the others, there are never more
/// than `threads + maxSlowClients` threads, and an idle worker has few.
struct ThreadBudget: Sendable {
  /// Maximum number of threads without a slot.
  let threads: Int
  /// Number of slots.
  let maxSlowClients: Int
  /// All threads, including those that are about to start.
  private(set) var total = 0
  /// Threads that wait for something to do.
  private(set) var waiting = 0
  /// Threads that hold a slot.
  private(set) var slowClients = 0

  init(threads: Int, maxSlowClients: Int) {
    self.threads = max(1, threads)
    self.maxSlowClients = max(0, maxSlowClients)
  }

  /// Threads that serve a request.
  var busy: Int { total - waiting }

  /// Counts a thread that is about to be started.
  mutating func addThread() {
    total += 1
  }

  /// Counts a thread that has ended, or could not be started.
  mutating func removeThread() {
    total -= 1
  }

  /// Call it when a thread has nothing to do.
  /// - Returns: whether it should wait; if not, it is one too many, is not counted any more, and must end.
  mutating func beginWaiting() -> Bool {
    if total - slowClients > threads {
      total -= 1
      return false
    }
    waiting += 1
    return true
  }

  /// Call it when a thread has something to do.
  /// - Returns: whether to start another one, which is counted already.
  mutating func endWaiting() -> Bool {
    waiting -= 1
    return addThreadIfNeeded()
  }

  /// Call it when a thread is about to wait for a slow client. nil: no slot is free. Otherwise as ``endWaiting()``.
  mutating func beginSlowClient() -> Bool? {
    guard slowClients < maxSlowClients else { return nil }
    slowClients += 1
    return addThreadIfNeeded()
  }

  /// Call it when the body has been read, or the request is over.
  mutating func endSlowClient() {
    slowClients -= 1
  }

  private mutating func addThreadIfNeeded() -> Bool {
    guard waiting == 0, total - slowClients < threads else { return false }
    total += 1
    return true
  }
}
