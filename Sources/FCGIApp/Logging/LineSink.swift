import CLinux
import Glibc
import NIOConcurrencyHelpers
import Synchronization

/// Collects lines and writes many with one system call, 50 ms after the first at the latest.
///
/// Lines are never torn, even if several processes write to one pipe: a write ends with a line and is no longer than a
/// pipe accepts atomically. If the reader does not keep up, logging blocks.
final class LineSink: Sendable {
  private let descriptor: Int32
  private let buffer = NIOLockedValueBox<[UInt8]>([])
  private let writing = NIOLockedValueBox(())
  private let isStarted = Atomic<Bool>(false)
  private let firstLine: Semaphore

  /// Bytes that are not waited for.
  private static let limit = 16 << 10
  /// Bytes; most lines are shorter.
  static let usualLine = 768
  /// Bytes that a write to a pipe does not split (PIPE_BUF).
  static let atomicWrite = 4096

  /// Writes to `descriptor`, and never closes it.
  init(descriptor: Int32) {
    self.descriptor = descriptor
    firstLine = Semaphore()
  }

  /// Adds a line that `append` writes with its end, at most `atomicWrite` bytes.
  func write(_ append: (inout [UInt8]) -> Void) {
    var line: [UInt8] = []
    line.reserveCapacity(Self.usualLine)
    append(&line)
    let (wasEmpty, isFull) = buffer.withLockedValue { buffer in
      let wasEmpty = buffer.isEmpty
      buffer += line
      return (wasEmpty, buffer.count >= Self.limit)
    }
    if isFull {
      flush()
    } else if wasEmpty {
      if !isStarted.exchange(true, ordering: .relaxed) { startFlusher() }
      firstLine.signal()
    }
  }

  /// Writes all collected lines.
  func flush() {
    writing.withLockedValue { _ in
      let bytes = buffer.withLockedValue { buffer in
        var taken: [UInt8] = []
        taken.reserveCapacity(Self.limit)
        swap(&taken, &buffer)
        return taken
      }
      var rest = bytes[...]
      while !rest.isEmpty {
        var end = rest.endIndex
        if rest.count > Self.atomicWrite {
          let piece = rest.prefix(Self.atomicWrite)
          end = (piece.lastIndex(of: UInt8(ascii: "\n")) ?? piece.endIndex - 1) + 1
        }
        Descriptor.write(rest[..<end], to: descriptor)
        rest = rest[end...]
      }
    }
  }

  private func startFlusher() {
    var thread = pthread_t()
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setstacksize(&attributes, 128 << 10)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    let argument = Unmanaged.passRetained(self)
    let status = pthread_create(
      &thread, &attributes,
      { argument in
        guard let argument else { return nil }
        let sink = Unmanaged<LineSink>.fromOpaque(argument).takeUnretainedValue()
        while true {
          sink.firstLine.wait()
          usleep(50_000)
          sink.flush()
        }
      }, argument.toOpaque())
    pthread_attr_destroy(&attributes)
    if status != 0 { isStarted.store(false, ordering: .relaxed) }
  }
}

/// A counting semaphore (sem_overview(7)).
///
/// `@unchecked Sendable`: the semaphore is made for threads, and lives on the heap because its address must not change.
final class Semaphore: @unchecked Sendable {
  private let handle = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

  init() {
    sem_init(handle, 0, 0)
  }

  deinit {
    sem_destroy(handle)
    handle.deallocate()
  }

  /// Wakes one waiting thread.
  func signal() {
    sem_post(handle)
  }

  /// Waits for a signal.
  func wait() {
    while sem_wait(handle) != 0 {}
  }
}
