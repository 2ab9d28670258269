import Core

/// One request's permission to hold a thread while its body arrives slowly. Belongs to the thread that serves it.
final class UploadSlot {
  private let pool: WorkerPool
  private var isTaken = false

  init(_ pool: WorkerPool) {
    self.pool = pool
  }

  deinit {
    release()
  }

  /// Takes the slot, once for the whole body. False: too many bodies are under way.
  func take() -> Bool {
    if !isTaken { isTaken = pool.beginUpload() }
    return isTaken
  }

  /// Gives it back.
  func release() {
    if isTaken { pool.endUpload() }
    isTaken = false
  }
}
