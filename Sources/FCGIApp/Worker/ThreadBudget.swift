/// Decides how many threads a worker has. Nothing but counting, so that it can be tested.
///
/// A thread whose request waits for a slow client holds a slot and does not count towards `threads`; when nobody is
/// left to take the next request, another thread is started. So slow clients never stop the others, there are never
/// more than `threads + maxSlowClients` threads, and a quiet worker has few.
struct ThreadBudget: Sendable {
  /// Threads beside those that hold a slot.
  let threads: Int
  /// Slots.
  let maxSlowClients: Int
  /// All threads, those included that are about to start.
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

  /// A thread has nothing to do.
  /// - Returns: whether it is to wait; where not, it is one too many, is not counted any more, and ends.
  mutating func beginWaiting() -> Bool {
    if total - slowClients > threads {
      total -= 1
      return false
    }
    waiting += 1
    return true
  }

  /// A thread has something to do.
  /// - Returns: whether another one is to be started (and is counted).
  mutating func endWaiting() -> Bool {
    waiting -= 1
    return addThreadIfNeeded()
  }

  /// A thread is about to wait for a slow client. nil: too many do. Else as ``endWaiting()``.
  mutating func beginSlowClient() -> Bool? {
    guard slowClients < maxSlowClients else { return nil }
    slowClients += 1
    return addThreadIfNeeded()
  }

  /// The body has been read, or the request is over.
  mutating func endSlowClient() {
    slowClients -= 1
  }

  private mutating func addThreadIfNeeded() -> Bool {
    guard waiting == 0, total - slowClients < threads else { return false }
    total += 1
    return true
  }
}
