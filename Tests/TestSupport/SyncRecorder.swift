import Glibc
import Synchronization
import Testing

/// The paths that were synced on this thread while `body` ran, in order. The body must stay on its thread.
package func synced(_ body: () async throws -> Void) async throws -> [String] {
  let thread = pthread_self()
  recordings.withLock { $0[thread] = [] }
  defer { recordings.withLock { $0[thread] = nil } }
  try await body()
  #expect(pthread_self() == thread)
  return recordings.withLock { $0[thread] ?? [] }
}

/// By thread.
private let recordings = Mutex<[pthread_t: [String]]>([:])

private typealias Sync = @convention(c) (Int32) -> Int32

/// The C library's own.
private let sync: Sync? = dlsym(UnsafeMutableRawPointer(bitPattern: -1), "fsync").map {
  unsafeBitCast($0, to: Sync.self)
}

/// Stands before the C library's `fsync` in the program that the tests make up, and in no other.
@_cdecl("fsync")
func recordedSync(_ descriptor: Int32) -> Int32 {
  let thread = pthread_self()
  recordings.withLock { recordings in
    guard recordings[thread] != nil else { return }
    var target = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = readlink("/proc/self/fd/\(descriptor)", &target, target.count)
    recordings[thread]?.append(String(decoding: target.prefix(max(0, length)).map(UInt8.init), as: UTF8.self))
  }
  return sync?(descriptor) ?? -1
}
