/// A slot that a request needs while its thread waits for a slow client. Belongs to the thread, which serves one
/// request after the other.
final class SlowClientSlot {
  private let pool: WorkerPool
  private var isTaken = false

  init(_ pool: WorkerPool) {
    self.pool = pool
  }

  deinit {
    release()
  }

  /// Takes the slot, once for a whole request. False: too many slow clients are being served.
  func take() -> Bool {
    if !isTaken { isTaken = pool.beginSlowClient() }
    return isTaken
  }

  /// Gives it back.
  func release() {
    if isTaken { pool.endSlowClient() }
    isTaken = false
  }
}
