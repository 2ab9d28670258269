/// Decides how many threads a worker has. Nothing but counting, so that it can be tested.
///
/// A thread whose request waits for a slow body holds an upload slot and does not count towards `threads`; when
/// nobody is left to take the next request, another thread is started. So slow uploaders never stop the others,
/// there are never more than `threads + maxUploads` threads, and a quiet worker has few.
struct ThreadBudget: Sendable {
  /// Threads beside those that hold an upload slot.
  let threads: Int
  /// Upload slots.
  let maxUploads: Int
  /// All threads, those included that are about to start.
  private(set) var total = 0
  /// Threads that wait for something to do.
  private(set) var waiting = 0
  /// Threads that hold an upload slot.
  private(set) var uploading = 0

  init(threads: Int, maxUploads: Int) {
    self.threads = max(1, threads)
    self.maxUploads = max(0, maxUploads)
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
    if total - uploading > threads {
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

  /// A thread is about to wait for a slow body. nil: too many do. Else as ``endWaiting()``.
  mutating func beginUpload() -> Bool? {
    guard uploading < maxUploads else { return nil }
    uploading += 1
    return addThreadIfNeeded()
  }

  /// The body has been read, or its request is over.
  mutating func endUpload() {
    uploading -= 1
  }

  private mutating func addThreadIfNeeded() -> Bool {
    guard waiting == 0, total - uploading < threads else { return false }
    total += 1
    return true
  }
}
