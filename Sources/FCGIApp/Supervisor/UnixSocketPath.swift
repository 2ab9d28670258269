import CLinux
import Glibc

/// A path that a Unix socket can have.
struct UnixSocketPath {
  private let path: String

  /// Checks the length.
  init(_ path: String) throws(ListeningError) {
    let limit = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1
    guard !path.isEmpty, path.utf8.count <= limit else {
      throw ListeningError(
        "the path of a Unix socket has 1 to \(limit) bytes, and \(path) has \(path.utf8.count)",
        remedy: "choose a shorter fastcgi.address")
    }
    self.path = path
  }

  /// Removes a socket on which no process listens any more, and creates the directory if only that is missing.
  func makeWay() throws(ListeningError) {
    var status = stat()
    guard lstat(path, &status) == 0 else {
      if let slash = path.lastIndex(of: "/"), slash != path.startIndex { mkdir(String(path[..<slash]), 0o755) }
      return
    }
    guard status.st_mode & S_IFMT == S_IFSOCK else {
      throw ListeningError("\(path) exists and is no socket", remedy: "remove it, or choose another fastcgi.address")
    }
    let probe = Descriptor(socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0))
    let isRefused = withAddress { connect(probe.raw, $0, $1) } != 0 && errno == ECONNREFUSED
    guard isRefused else {
      throw ListeningError(
        "another process listens on \(path)", remedy: "end it, or choose another fastcgi.address")
    }
    unlink(path)
  }

  /// Calls `call` with the path as a `sockaddr`.
  func withAddress(_ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { call($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
  }
}
