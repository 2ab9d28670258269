import CLinux
import Glibc

/// An open file descriptor, closed when released.
final class Descriptor: Sendable {
  /// The number.
  let raw: Int32

  /// Takes over `raw`.
  init(_ raw: Int32) {
    self.raw = raw
  }

  deinit {
    Glibc.close(raw)
  }

  /// Both ends of a pair of connected sockets, not inherited by other programs.
  static func socketPair(_ type: __socket_type) throws(SystemError) -> (Descriptor, Descriptor) {
    var ends: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(type.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      throw SystemError("socketpair")
    }
    return (try above(ends[0]), try above(ends[1]))
  }

  /// An anonymous file in memory.
  static func memory(_ name: String) throws(SystemError) -> Descriptor {
    let raw = memfd_create(name, 1)  // MFD_CLOEXEC
    guard raw >= 0 else { throw SystemError("memfd_create") }
    return try above(raw)
  }

  /// Moves a descriptor above the numbers that a child gets, so that dup2 never overwrites another one.
  static func above(_ raw: Int32) throws(SystemError) -> Descriptor {
    let moved = fcntl(raw, F_DUPFD_CLOEXEC, 32)
    guard moved >= 0 else { throw SystemError("duplicating a descriptor") }
    Glibc.close(raw)
    return Descriptor(moved)
  }

  /// Writes all of `bytes`; gives up where the system refuses.
  static func write(_ bytes: some Collection<UInt8>, to raw: Int32) {
    let done: Void? = bytes.withContiguousStorageIfAvailable { buffer in
      var rest = UnsafeRawBufferPointer(buffer)
      while let start = rest.baseAddress, !rest.isEmpty {
        let count = Glibc.write(raw, start, rest.count)
        if count < 0 {
          if errno == EINTR { continue }
          return
        }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      }
    }
    if done == nil { write(Array(bytes), to: raw) }
  }
}
