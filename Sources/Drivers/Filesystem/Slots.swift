import Glibc

/// Limits how many operations run at the same time. Taking a free slot costs one atomic operation.
///
/// `@unchecked Sendable`: owns a semaphore of the C library, which is made for use by many threads and must not move.
final class Slots: @unchecked Sendable {
  private let semaphore: UnsafeMutablePointer<sem_t>

  init(_ count: Int) {
    semaphore = .allocate(capacity: 1)
    sem_init(semaphore, 0, UInt32(clamping: min(count, Int(Int32.max))))
  }

  deinit {
    sem_destroy(semaphore)
    semaphore.deallocate()
  }

  /// Takes a slot; blocks the thread until one is free.
  func take() {
    while sem_wait(semaphore) == -1, errno == EINTR {}
  }

  func give() {
    sem_post(semaphore)
  }
}
